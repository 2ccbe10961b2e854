// SPDX-License-Identifier: Apache-2.0
//
// A table of RocksDB's in which a byte was flipped: the rows of that block are
// lost and told, all others are served, and writing goes on.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "broker/proto_time.h"
#include "broker/random.h"
#include "gtest/gtest.h"
#include "storage/rocks_token_store.h"
#include "storage/rows.h"
#include "tests/storage/keyrings.h"
#include "tests/storage/raw_database.h"
#include "tests/storage/temp_dir.h"

namespace tokenbroker {
namespace {

using absl::StatusCode;
using storage::v1::AttemptRecord;
using storage::v1::ConnectionRecord;

constexpr int kConnections = 2000;

ConnectionKey Key(int i) { return {"google", absl::StrCat(10000 + i)}; }

// What no compression makes small, and only this connection has.
std::string Token(int i) {
  std::string token = absl::StrCat(i, ":");
  uint32_t noise = i + 1;
  while (token.size() < 200) {
    noise = noise * 1664525 + 1013904223;
    token.push_back(static_cast<char>(noise >> 24));
  }
  return token;
}

ConnectionRecord Record(int i) {
  ConnectionRecord record;
  record.mutable_connection()->set_provider("google");
  record.mutable_connection()->set_subject(Key(i).subject);
  record.mutable_connection()->set_generation(1);
  *record.mutable_connection()->mutable_refresh_time() =
      ToProto(absl::FromUnixSeconds(i));
  record.mutable_access_token()->set_ciphertext(Token(i));
  return record;
}

class DamagedFilesTest : public testing::Test {
 protected:
  std::unique_ptr<RocksTokenStore> Open() {
    auto store = RocksTokenStore::Open(dir_.path(), *keyring_, random_, 0);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }

  void PutAll(RawDatabase& raw) {
    for (int i = 0; i < kConnections; ++i) {
      raw.Put(Family::kConnections, ConnectionRow(Key(i)),
              Record(i).SerializeAsString(), /*sync=*/false);
      raw.Put(Family::kDue, DueRow(Key(i), absl::FromUnixSeconds(i)), "",
              /*sync=*/false);
    }
  }

  // Flips a byte in the middle of the largest table, which holds connections.
  void FlipAByte() {
    std::string largest;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      if (entry.path().extension() != ".sst") continue;
      if (largest.empty() ||
          entry.file_size() > std::filesystem::file_size(largest)) {
        largest = entry.path().string();
      }
    }
    std::string bytes = ReadBytes(largest);
    char& middle = bytes[bytes.size() / 2];
    middle = static_cast<char>(middle ^ 0x10);
    WriteBytes(largest, bytes);
  }

  const std::string& path() const { return dir_.path(); }

 private:
  const TempDir dir_;
  SystemRandom random_;
  const std::unique_ptr<FileKeyring> keyring_ =
      MakeKeyring(KeyringYaml('a', 'i'), random_);
};

TEST_F(DamagedFilesTest, CostTheRowsOfOneBlockAndNoOther) {
  Open();
  {
    RawDatabase raw(path());
    PutAll(raw);
    raw.Flush();
  }
  FlipAByte();
  const auto store = Open();
  ASSERT_NE(store, nullptr);
  std::set<int> lost;
  for (int i = 0; i < kConnections; ++i) {
    const auto record = store->Get(Key(i));
    if (record.ok()) {
      ASSERT_EQ(record->SerializeAsString(), Record(i).SerializeAsString());
    } else {
      ASSERT_EQ(record.status().code(), StatusCode::kDataLoss);
      lost.insert(i);
    }
  }
  ASSERT_GE(lost.size(), 1u);
  EXPECT_LE(lost.size(), 40u);
  EXPECT_EQ(store->TakeDamage().size(), lost.size());

  // A list steps over them: nobody can tell how they were called.
  std::vector<std::string> listed;
  ListRequest request;
  request.providers = {"google"};
  request.limit = 300;
  for (;;) {
    const auto page = store->List(request);
    ASSERT_EQ(page.status(), absl::OkStatus());
    if (page->empty()) break;
    for (const ConnectionRecord& record : *page) {
      listed.push_back(record.connection().subject());
    }
    request.after = Key(0);
    request.after->subject = listed.back();
  }
  EXPECT_TRUE(std::is_sorted(listed.begin(), listed.end()));
  // Walking backwards RocksDB looks one row ahead, and so misses the one right
  // behind the block.
  EXPECT_LE(listed.size(), kConnections - lost.size());
  EXPECT_GE(listed.size(), kConnections - lost.size() - 1);

  // They can be taken away or made anew like any damaged one.
  const ConnectionKey first = Key(*lost.begin());
  EXPECT_EQ(store->Remove(first), absl::OkStatus());
  EXPECT_EQ(store->Get(first).status().code(), StatusCode::kNotFound);
  if (lost.size() < 2) return;
  const int second = *lost.rbegin();
  AttemptRecord code;
  code.set_kind(AttemptRecord::KIND_CODE);
  code.set_provider("google");
  code.set_subject(Key(second).subject);
  ASSERT_EQ(store->Begin(code), absl::OkStatus());
  ASSERT_EQ(store->Commit(code, Record(second)), absl::OkStatus());
  EXPECT_EQ(store->Get(Key(second)).status(), absl::OkStatus());
}

TEST_F(DamagedFilesTest, StopTheMergingOfTablesAndNothingElse) {
  Open();
  {
    // Three tables over the same rows; what is in the log becomes the fourth
    // when the store is opened, and four are merged.
    RawDatabase raw(path());
    for (int table = 0; table < 3; ++table) {
      PutAll(raw);
      raw.Flush();
    }
    PutAll(raw);
  }
  FlipAByte();
  const auto store = Open();
  ASSERT_NE(store, nullptr);
  std::vector<Damage> damage;
  for (int i = 0; i < 200 && damage.empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    damage = store->TakeDamage();
  }
  ASSERT_EQ(damage.size(), 1u);
  EXPECT_EQ(damage[0].table, "connections");
  EXPECT_TRUE(absl::StrContains(damage[0].detail, "checksum mismatch"))
      << damage[0].detail;
  // Left alone, RocksDB would refuse this and every later write.
  EXPECT_EQ(store->Writable(), absl::OkStatus());
  EXPECT_EQ(store->Remove(Key(7)), absl::OkStatus());
  // The damaged table is the oldest or is covered by a newer one.
  EXPECT_EQ(store->Get(Key(8)).status(), absl::OkStatus());
}

}  // namespace
}  // namespace tokenbroker
