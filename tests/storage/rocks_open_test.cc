// SPDX-License-Identifier: Apache-2.0
//
// What RocksTokenStore::Open takes, and what it refuses.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
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
using storage::v1::AuthorizationRecord;

std::string Hash(int number) {
  return std::string(32, static_cast<char>('A' + number));
}

class RocksOpenTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<RocksTokenStore>> Open(
      const std::string& keyring = KeyringYaml('a', 'i')) {
    keyrings_.push_back(MakeKeyring(keyring, random_));
    return RocksTokenStore::Open(path(), *keyrings_.back(), random_,
                                 /*least_free_bytes=*/0);
  }

  // Sees that the store is refused with one line that has the path.
  void ExpectRefused(StatusCode code, absl::string_view says,
                     const std::string& keyring = KeyringYaml('a', 'i')) {
    const auto store = Open(keyring);
    EXPECT_EQ(store.status().code(), code) << store.status();
    EXPECT_TRUE(absl::StrContains(store.status().message(), path()))
        << store.status();
    EXPECT_TRUE(absl::StrContains(store.status().message(), says))
        << store.status();
    EXPECT_FALSE(absl::StrContains(store.status().message(), "\n"))
        << store.status();
  }

  // A store with authorizations 0 to `count` - 1, one write each.
  void Fill(int count) {
    const auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    for (int i = 0; i < count; ++i) {
      AuthorizationRecord authorization;
      authorization.set_subject(std::string(100, 's'));
      ASSERT_EQ((*store)->Remember(Hash(i), authorization), absl::OkStatus());
    }
  }

  // The files of the store that end so, the largest last.
  std::vector<std::string> Files(absl::string_view end) {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(path())) {
      const std::string name = entry.path().string();
      if (absl::EndsWith(name, end)) files.push_back(name);
    }
    std::sort(files.begin(), files.end(),
              [](const std::string& a, const std::string& b) {
                return std::filesystem::file_size(a) <
                       std::filesystem::file_size(b);
              });
    return files;
  }

  std::string Path(const std::string& name) { return path() + "/" + name; }
  const std::string& path() const { return dir_.path(); }

 private:
  const TempDir dir_;
  SystemRandom random_;
  std::vector<std::unique_ptr<FileKeyring>> keyrings_;
};

TEST_F(RocksOpenTest, MakesAStoreAndOpensItAgain) {
  Fill(1);
  EXPECT_FALSE(std::filesystem::exists(Path("CREATING")));
  const auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->Take(Hash(0)).status(), absl::OkStatus());
}

TEST_F(RocksOpenTest, MakesAStoreOnAFreshVolume) {
  std::filesystem::create_directory(Path("lost+found"));
  EXPECT_TRUE(Open().ok());
  EXPECT_TRUE(Open().ok());
}

TEST_F(RocksOpenTest, RefusesASecondOpener) {
  const auto first = Open();
  ASSERT_TRUE(first.ok()) << first.status();
  ExpectRefused(StatusCode::kAborted, "in use by another process");
}

TEST_F(RocksOpenTest, RefusesADirectoryThatAnotherProcessHas) {
  Fill(1);
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const std::string lock = Path("LOCK");
  const pid_t other = fork();
  if (other == 0) {
    // Locks as RocksDB does, and lives until it is killed.
    struct flock whole = {};
    whole.l_type = F_WRLCK;
    const int file = open(lock.c_str(), O_RDWR);
    const char result = fcntl(file, F_SETLK, &whole) == 0 ? 'y' : 'n';
    if (write(ready[1], &result, 1) != 1) _exit(1);
    for (;;) pause();
  }
  char locked = 'n';
  ASSERT_EQ(read(ready[0], &locked, 1), 1);
  EXPECT_EQ(locked, 'y');
  ExpectRefused(StatusCode::kAborted, "in use by another process");
  kill(other, SIGKILL);
  waitpid(other, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
  EXPECT_TRUE(Open().ok());
}

TEST_F(RocksOpenTest, RefusesForeignFiles) {
  WriteBytes(Path("holiday.jpg"), "sea");
  ExpectRefused(StatusCode::kFailedPrecondition, "holiday.jpg");
  EXPECT_EQ(ReadBytes(Path("holiday.jpg")), "sea");
  EXPECT_EQ(Files("").size(), 1u);
}

TEST_F(RocksOpenTest, RefusesTheDatabaseOfAnotherProgramAndLeavesItAlone) {
  rocksdb::Options options;
  options.create_if_missing = true;
  {
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, path(), &db).ok());
    ASSERT_TRUE(db->Put({}, "theirs", "value").ok());
    delete db;
  }
  ExpectRefused(StatusCode::kFailedPrecondition, "not a broker's");
  std::vector<std::string> families;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies(options, path(), &families).ok());
  EXPECT_EQ(families, std::vector<std::string>{"default"});
}

TEST_F(RocksOpenTest, RefusesAStoreWithoutIdentity) {
  Fill(1);
  { RawDatabase(path()).Delete(Family::kDefault, std::string(kIdentityRow)); }
  ExpectRefused(StatusCode::kFailedPrecondition, "identity");
  // And does not give it a new one.
  ExpectRefused(StatusCode::kFailedPrecondition, "identity");
}

TEST_F(RocksOpenTest, RefusesAKeyringThatDoesNotFit) {
  Fill(1);
  for (const std::string& keyring :
       {KeyringYaml('b', 'i'), KeyringYaml('a', 'j')}) {
    ExpectRefused(StatusCode::kPermissionDenied, "keyring does not fit",
                  keyring);
  }
  EXPECT_TRUE(Open().ok());
}

TEST_F(RocksOpenTest, TakesTheKeyringWithANewerKey) {
  Fill(1);
  EXPECT_TRUE(Open(RotatedKeyringYaml('a', 'b', 'i')).ok());
}

TEST_F(RocksOpenTest, RefusesTheIdentityOfAnotherStoreInPart) {
  Fill(1);
  {
    RawDatabase raw(path());
    storage::v1::StoreIdentity identity;
    ASSERT_TRUE(identity.ParseFromString(
        raw.Get(Family::kDefault, std::string(kIdentityRow))));
    identity.set_id("another store ID");
    raw.Put(Family::kDefault, std::string(kIdentityRow),
            identity.SerializeAsString());
  }
  ExpectRefused(StatusCode::kPermissionDenied, "keyring does not fit");
}

TEST_F(RocksOpenTest, RefusesAFormatOfALaterBroker) {
  Fill(1);
  {
    RawDatabase raw(path());
    storage::v1::StoreIdentity identity;
    identity.set_format(2);
    raw.Put(Family::kDefault, std::string(kIdentityRow),
            identity.SerializeAsString());
  }
  ExpectRefused(StatusCode::kFailedPrecondition, "format 2");
}

TEST_F(RocksOpenTest, NeverStartsEmptyOverAStoreThatLostAFile) {
  for (const std::string end : {"CURRENT", ".log", ".sst", "MANIFEST"}) {
    SCOPED_TRACE(end);
    for (const auto& entry : std::filesystem::directory_iterator(path())) {
      std::filesystem::remove_all(entry.path());
    }
    Fill(3);
    { RawDatabase(path()).Flush(); }
    Fill(3);
    int removed = 0;
    for (const std::string& file : Files("")) {
      const std::string name = std::filesystem::path(file).filename().string();
      if (absl::EndsWith(name, end) || absl::StartsWith(name, end)) {
        std::filesystem::remove(file);
        ++removed;
      }
    }
    ASSERT_GT(removed, 0);
    ExpectRefused(StatusCode::kDataLoss, "restore it from a backup");
    ExpectRefused(StatusCode::kDataLoss, "restore it from a backup");
  }
}

TEST_F(RocksOpenTest, ReportsAFlippedBitInTheMiddleOfTheLog) {
  Fill(40);
  const std::string log = Files(".log").back();
  const std::string good = ReadBytes(log);
  for (const size_t tenth : {3, 4, 5, 6, 7}) {
    std::string bad = good;
    const size_t at = good.size() * tenth / 10;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    WriteBytes(log, bad);
    ExpectRefused(StatusCode::kDataLoss, "damaged");
  }
  WriteBytes(log, good);
  const auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ((*store)->Take(Hash(i)).status(), absl::OkStatus()) << i;
  }
}

TEST_F(RocksOpenTest, ForgivesATailThatWasTornAndKeepsAllBeforeIt) {
  Fill(10);
  const std::string log = Files(".log").back();
  // Cut within the last record, as a power cut leaves a write under way.
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 20);
  const auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ((*store)->Take(Hash(i)).status(), absl::OkStatus()) << i;
  }
  EXPECT_EQ((*store)->Take(Hash(9)).status().code(), StatusCode::kNotFound);
}

TEST_F(RocksOpenTest, ReportsAFlippedBitInATableWhenItIsRead) {
  Fill(40);
  { RawDatabase(path()).Flush(); }
  for (const std::string& table : Files(".sst")) {
    std::string bytes = ReadBytes(table);
    bytes[10] = static_cast<char>(bytes[10] ^ 1);
    WriteBytes(table, bytes);
  }
  // Either opening reads the row, or the caller does.
  const auto store = Open();
  const absl::Status status =
      store.ok() ? (*store)->Take(Hash(0)).status() : store.status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
}

TEST_F(RocksOpenTest, GoesOnWithAStoreWhoseMakingWasCutShort) {
  const std::vector<std::string> cuts[] = {
      {},                   // right before the marker went
      {".log"},             // before there was a log
      {"CURRENT", ".log"},  // before RocksDB named its manifest
  };
  for (const std::vector<std::string>& missing : cuts) {
    SCOPED_TRACE(testing::PrintToString(missing));
    for (const auto& entry : std::filesystem::directory_iterator(path())) {
      std::filesystem::remove_all(entry.path());
    }
    Fill(0);
    WriteBytes(Path("CREATING"), "");
    for (const std::string& end : missing) {
      for (const std::string& file : Files(end)) std::filesystem::remove(file);
    }
    ASSERT_TRUE(Open().ok());
    EXPECT_FALSE(std::filesystem::exists(Path("CREATING")));
    Fill(1);
  }
}

}  // namespace
}  // namespace tokenbroker
