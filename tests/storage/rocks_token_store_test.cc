// SPDX-License-Identifier: Apache-2.0
#include "storage/rocks_token_store.h"

#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "broker/proto_time.h"
#include "broker/random.h"
#include "gtest/gtest.h"
#include "storage/memory_token_store.h"
#include "storage/rows.h"
#include "tests/contract/damaged_connection_contract.h"
#include "tests/contract/token_store_contract.h"
#include "tests/storage/keyrings.h"
#include "tests/storage/raw_database.h"
#include "tests/storage/temp_dir.h"

namespace tokenbroker {
namespace {

using absl::StatusCode;
using storage::v1::AttemptRecord;
using storage::v1::AuthorizationRecord;
using storage::v1::ConnectionRecord;
using storage::v1::Sealed;

// A directory, and the keyring its store is opened with.
class Place {
 public:
  std::unique_ptr<RocksTokenStore> Open(uint64_t least_free_bytes = 0) {
    auto store = RocksTokenStore::Open(dir_.path(), *keyring_, random_,
                                       least_free_bytes);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  const std::string& path() const { return dir_.path(); }

 private:
  const TempDir dir_;
  SystemRandom random_;
  const std::unique_ptr<FileKeyring> keyring_ =
      MakeKeyring(KeyringYaml('a', 'i'), random_);
};

OpenStore NewRocksPlace() {
  const auto place = std::make_shared<Place>();
  return [place] { return place->Open(); };
}

INSTANTIATE_TEST_SUITE_P(Rocks, TokenStoreContract,
                         testing::Values(NewPlace(NewRocksPlace)));
INSTANTIATE_TEST_SUITE_P(Rocks, DurableTokenStoreContract,
                         testing::Values(NewPlace(NewRocksPlace)));

DamageablePlace NewDamageableRocksPlace() {
  const auto place = std::make_shared<Place>();
  return {[place] { return place->Open(); },
          [place](std::unique_ptr<TokenStore> store, const ConnectionKey& key) {
            store.reset();
            RawDatabase(place->path())
                .Put(Family::kConnections, ConnectionRow(key), "\xff\xff");
            return place->Open();
          }};
}

INSTANTIATE_TEST_SUITE_P(
    Rocks, DamagedConnectionContract,
    testing::Values(NewDamageablePlace(NewDamageableRocksPlace)));

TEST(RocksTokenStoreTest, IsNotWritableBelowTheWatermark) {
  Place place;
  EXPECT_TRUE(place.Open()->Writable().ok());
  // More than any disk has.
  const auto store = place.Open(uint64_t{1} << 60);
  EXPECT_EQ(store->Writable().code(), StatusCode::kUnavailable);
  // It reads on.
  EXPECT_TRUE(store->OpenAttempts().ok());
}

// --- Damaged rows ---

const ConnectionKey kAnn = {"google", "ann-the-subject"};

AttemptRecord Attempt(const ConnectionKey& key, AttemptRecord::Kind kind,
                      int64_t generation, const std::string& id) {
  AttemptRecord attempt;
  attempt.set_id(id);
  attempt.set_kind(kind);
  attempt.set_provider(key.provider);
  attempt.set_subject(key.subject);
  attempt.set_generation(generation);
  return attempt;
}

ConnectionRecord Record(const ConnectionKey& key, int64_t generation,
                        std::optional<absl::Time> refresh_time) {
  ConnectionRecord record;
  record.mutable_connection()->set_provider(key.provider);
  record.mutable_connection()->set_subject(key.subject);
  record.mutable_connection()->set_generation(generation);
  if (refresh_time.has_value()) {
    *record.mutable_connection()->mutable_refresh_time() =
        ToProto(*refresh_time);
  }
  return record;
}

void Connect(TokenStore& store, const ConnectionKey& key) {
  const AttemptRecord code = Attempt(key, AttemptRecord::KIND_CODE, 0, "code");
  ASSERT_EQ(store.Begin(code), absl::OkStatus());
  ASSERT_EQ(store.Commit(code, Record(key, 1, absl::UnixEpoch())),
            absl::OkStatus());
}

// Damage, told with the table and without the subject.
void ExpectDamaged(const absl::Status& status, absl::string_view table) {
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), table)) << status;
  EXPECT_FALSE(absl::StrContains(status.message(), kAnn.subject)) << status;
}

// `table`, provider and subject of each.
std::vector<std::string> TakeDamage(TokenStore& store) {
  std::vector<std::string> places;
  for (const Damage& damage : store.TakeDamage()) {
    EXPECT_NE(damage.detail, "");
    places.push_back(
        absl::StrCat(damage.table, " ", damage.provider, "/", damage.subject));
  }
  return places;
}

TEST(RocksTokenStoreTest, FailsForGoodWithAWriteUntilItIsOpenedAgain) {
  Place place;
  const ConnectionKey bob = {"google", "bob"};
  const AttemptRecord code = Attempt(bob, AttemptRecord::KIND_CODE, 0, "id");
  {
    const auto store = place.Open();
    Connect(*store, kAnn);
    // No file may grow: writes fail with EFBIG.
    rlimit limit;
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
    const rlimit none = {.rlim_cur = 1, .rlim_max = limit.rlim_max};
    const auto handler = signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
    EXPECT_EQ(store->Begin(code).code(), StatusCode::kUnavailable);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, handler);

    // The disk is well again; the store is not. It reads on.
    EXPECT_EQ(store->Writable().code(), StatusCode::kInternal);
    EXPECT_TRUE(absl::StrContains(store->Writable().message(), "start again"));
    EXPECT_EQ(store->Begin(code).code(), StatusCode::kUnavailable);
    EXPECT_EQ(store->Get(kAnn).status(), absl::OkStatus());
  }
  const auto store = place.Open();
  EXPECT_EQ(store->Writable(), absl::OkStatus());
  EXPECT_EQ(store->Get(kAnn).status(), absl::OkStatus());
  EXPECT_EQ(store->Begin(code), absl::OkStatus());
}

TEST(RocksTokenStoreTest, StepsOverDamagedAttempts) {
  Place place;
  const ConnectionKey bob = {"google", "bob"};
  const AttemptRecord refresh =
      Attempt(kAnn, AttemptRecord::KIND_REFRESH, 1, "id");
  const AttemptRecord code = Attempt(bob, AttemptRecord::KIND_CODE, 0, "id");
  {
    const auto store = place.Open();
    Connect(*store, kAnn);
    Connect(*store, bob);
    ASSERT_EQ(store->Begin(code), absl::OkStatus());
  }
  {
    RawDatabase(place.path()).Put(Family::kAttempts, AttemptRow(refresh), "x");
  }
  const auto store = place.Open();
  const auto open = store->OpenAttempts();
  ASSERT_EQ(open.status(), absl::OkStatus());
  ASSERT_EQ(open->size(), 1u);
  EXPECT_EQ(open->front().subject(), "bob");
  EXPECT_EQ(TakeDamage(*store),
            (std::vector<std::string>{"attempts google/ann-the-subject"}));
  // It may have spent the refresh token, so that is not presented again.
  ExpectDamaged(store->Begin(refresh), "`attempts`");
  EXPECT_EQ(store->Get(kAnn).status(), absl::OkStatus());
  // A new grant ends it.
  const AttemptRecord again = Attempt(kAnn, AttemptRecord::KIND_CODE, 0, "2");
  ASSERT_EQ(store->Begin(again), absl::OkStatus());
  ASSERT_EQ(store->Commit(again, Record(kAnn, 2, std::nullopt)),
            absl::OkStatus());
  EXPECT_EQ(store->Begin(Attempt(kAnn, AttemptRecord::KIND_REFRESH, 2, "id")),
            absl::OkStatus());
}

TEST(RocksTokenStoreTest, StepsOverDamagedDueRows) {
  Place place;
  {
    const auto store = place.Open();
    for (const char* subject : {"a", "b", "c"}) {
      Connect(*store, {"google", subject});
    }
  }
  {
    RawDatabase raw(place.path());
    // Before, among and behind the whole ones.
    for (const char* row : {"\x01", "\x80\x01", "\x80"}) {
      raw.Put(Family::kDue, absl::StrCat(ProviderPrefix("google"), row), "");
    }
  }
  const auto store = place.Open();
  // None is lost to a page that damaged rows have filled.
  std::optional<DueEntry> after;
  std::vector<std::string> subjects;
  for (int page = 0; page < 3; ++page) {
    const auto due =
        store->Due("google", after, absl::InfiniteFuture(), /*limit=*/1);
    ASSERT_EQ(due.status(), absl::OkStatus());
    ASSERT_EQ(due->size(), 1u);
    subjects.push_back(due->front().key.subject);
    after = due->front();
  }
  EXPECT_EQ(subjects, (std::vector<std::string>{"a", "b", "c"}));
  const size_t told = TakeDamage(*store).size();
  EXPECT_GE(told, 1u);
  ASSERT_TRUE(
      store->Due("google", std::nullopt, absl::InfiniteFuture(), 9).ok());
  EXPECT_LE(TakeDamage(*store).size(), 3 - told);
}

TEST(RocksTokenStoreTest, ForgetsDamagedAuthorizationsWithTheOthers) {
  Place place;
  const std::string whole(32, 'w');
  const std::string damaged(32, 'd');
  {
    const auto store = place.Open();
    AuthorizationRecord authorization;
    *authorization.mutable_expire_time() = ToProto(absl::UnixEpoch());
    ASSERT_EQ(store->Remember(whole, authorization), absl::OkStatus());
    ASSERT_EQ(store->Remember(damaged, authorization), absl::OkStatus());
  }
  {
    RawDatabase raw(place.path());
    raw.Put(Family::kAuthorizations, damaged, "\xff\xff");
    raw.Put(Family::kExpiries, "x", "");
  }
  const auto store = place.Open();
  ExpectDamaged(store->Take(damaged).status(), "`authorizations`");
  EXPECT_EQ(*store->ForgetExpired(absl::InfiniteFuture(), 9), 2);
  EXPECT_EQ(TakeDamage(*store),
            (std::vector<std::string>{"authorizations /", "expiries /"}));
  EXPECT_EQ(store->Take(damaged).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store->Take(whole).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(*store->ForgetExpired(absl::InfiniteFuture(), 9), 0);
  EXPECT_TRUE(TakeDamage(*store).empty());
}

TEST(RocksTokenStoreTest, ReportsARowThatStandsInAnothersPlace) {
  Place place;
  const ConnectionKey bob = {"google", "bob"};
  {
    const auto store = place.Open();
    Connect(*store, kAnn);
    Connect(*store, bob);
  }
  const AttemptRecord refresh =
      Attempt(bob, AttemptRecord::KIND_REFRESH, 1, "id");
  {
    RawDatabase raw(place.path());
    raw.Put(Family::kConnections, ConnectionRow(bob),
            raw.Get(Family::kConnections, ConnectionRow(kAnn)));
    raw.Put(Family::kAttempts, AttemptRow(refresh),
            Attempt(kAnn, AttemptRecord::KIND_REFRESH, 1, "id")
                .SerializeAsString());
  }
  const auto store = place.Open();
  EXPECT_EQ(store->Get(kAnn).status(), absl::OkStatus());
  ExpectDamaged(store->Get(bob).status(), "`connections`");
  EXPECT_TRUE(store->OpenAttempts()->empty());
  ExpectDamaged(store->Begin(refresh), "`attempts`");
  // Removing it takes nothing from the one whose record stands there.
  ASSERT_EQ(store->Remove(bob), absl::OkStatus());
  EXPECT_EQ(store->Get(kAnn).status(), absl::OkStatus());
  const auto due =
      store->Due("google", std::nullopt, absl::InfiniteFuture(), 9);
  ASSERT_EQ(due.status(), absl::OkStatus());
  ASSERT_EQ(due->size(), 1u);
  EXPECT_EQ(due->front().key, kAnn);
}

TEST(RocksTokenStoreTest, KeepsFieldsOfALaterBroker) {
  Place place;
  const AttemptRecord code = Attempt(kAnn, AttemptRecord::KIND_CODE, 0, "code");
  ASSERT_EQ(place.Open()->Begin(code), absl::OkStatus());
  // Field 999, a varint.
  const std::string unknown("\xb8\x3e\x05", 3);
  {
    RawDatabase raw(place.path());
    raw.Put(Family::kAttempts, AttemptRow(code),
            code.SerializeAsString() + unknown);
  }
  const auto store = place.Open();
  ASSERT_EQ(store->KeepResponse(code, Sealed()), absl::OkStatus());
  const auto open = store->OpenAttempts();
  ASSERT_EQ(open.status(), absl::OkStatus());
  ASSERT_EQ(open->size(), 1u);
  EXPECT_TRUE(absl::StrContains(open->front().SerializeAsString(), unknown));
}

// --- Against the model ---

// The same random verbs on a store in RocksDB and on the model must give the
// same answers. Few names and generations, so that they meet.
class Comparison {
 public:
  explicit Comparison(uint32_t seed) : random_(seed) {}

  void Run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
      Step();
      if (Below(100) == 0) {
        rocks_.reset();
        rocks_ = place_.Open();
      }
    }
  }

 private:
  int Below(int bound) { return static_cast<int>(random_() % bound); }

  absl::Time AnyTime() { return absl::FromUnixSeconds(Below(20)); }
  std::string AnyHash() {
    return std::string(32, static_cast<char>('a' + Below(6)));
  }
  ConnectionKey AnyKey() {
    const char* const providers[] = {"google", "google-acme"};
    const char* const subjects[] = {"a", "ab", "b"};
    return {providers[Below(2)], subjects[Below(3)]};
  }
  int64_t StoredGeneration(const ConnectionKey& key) {
    const auto record = model_.Get(key);
    return record.ok() ? record->connection().generation() : 0;
  }
  AttemptRecord AnyAttempt() {
    const ConnectionKey key = AnyKey();
    if (Below(2) == 0) {
      return Attempt(key, AttemptRecord::KIND_CODE, 0, AnyHash());
    }
    return Attempt(key, AttemptRecord::KIND_REFRESH,
                   StoredGeneration(key) - Below(2), absl::StrCat(Below(2)));
  }

  void Step() {
    switch (Below(10)) {
      case 0:
      case 1: {
        const AttemptRecord attempt = AnyAttempt();
        return Same([&](TokenStore& s) { return s.Begin(attempt); });
      }
      case 2: {
        const AttemptRecord attempt = AnyAttempt();
        Sealed response;
        response.set_ciphertext(absl::StrCat(Below(1000)));
        return Same(
            [&](TokenStore& s) { return s.KeepResponse(attempt, response); });
      }
      case 3:
      case 4: {
        const AttemptRecord attempt = AnyAttempt();
        const ConnectionRecord next = Record(
            KeyOf(attempt), StoredGeneration(KeyOf(attempt)) + 1 - Below(2),
            Below(4) == 0 ? std::nullopt : std::optional(AnyTime()));
        return Same([&](TokenStore& s) { return s.Commit(attempt, next); });
      }
      case 5: {
        const AttemptRecord attempt = AnyAttempt();
        return Same([&](TokenStore& s) { return s.Abandon(attempt); });
      }
      case 6: {
        const ConnectionKey key = AnyKey();
        if (Below(4) != 0) return SameReads();
        return Same([&](TokenStore& s) { return s.Remove(key); });
      }
      case 7: {
        const std::string hash = AnyHash();
        AuthorizationRecord authorization;
        authorization.set_caller(absl::StrCat(Below(1000)));
        *authorization.mutable_expire_time() = ToProto(AnyTime());
        return Same(
            [&](TokenStore& s) { return s.Remember(hash, authorization); });
      }
      case 8: {
        const std::string hash = AnyHash();
        const auto real = rocks_->Take(hash);
        const auto model = model_.Take(hash);
        ASSERT_EQ(real.status().code(), model.status().code());
        if (real.ok()) ASSERT_EQ(Text(*real), Text(*model));
        return;
      }
      default: {
        // All at once: places that a hash no longer has count towards the
        // limit, and the model has none.
        const absl::Time time = AnyTime();
        ASSERT_EQ(*rocks_->ForgetExpired(time, 100),
                  *model_.ForgetExpired(time, 100));
      }
    }
  }

  template <typename Verb>
  void Same(Verb verb) {
    ASSERT_EQ(verb(*rocks_).code(), verb(model_).code());
  }

  void SameReads() {
    ListRequest request;
    request.providers = {"google", "google-acme"};
    request.limit = 1 + Below(6);
    if (Below(3) == 0) request.subject = AnyKey().subject;
    if (Below(2) == 0) request.after = AnyKey();
    ASSERT_EQ(Texts(rocks_->List(request)), Texts(model_.List(request)));
    ASSERT_EQ(Sorted(Texts(rocks_->OpenAttempts())),
              Sorted(Texts(model_.OpenAttempts())));

    std::optional<DueEntry> after;
    if (Below(2) == 0) after = DueEntry{AnyTime(), AnyKey()};
    const absl::Time until = AnyTime();
    const int limit = 1 + Below(6);
    const auto real = rocks_->Due("google", after, until, limit);
    const auto model = model_.Due("google", after, until, limit);
    ASSERT_EQ(real->size(), model->size());
    for (size_t i = 0; i < real->size(); ++i) {
      ASSERT_EQ((*real)[i].refresh_time, (*model)[i].refresh_time);
      ASSERT_EQ((*real)[i].key, (*model)[i].key);
    }
  }

  template <typename Message>
  static std::string Text(const Message& message) {
    return message.SerializeAsString();
  }
  template <typename Messages>
  static std::vector<std::string> Texts(const Messages& messages) {
    EXPECT_TRUE(messages.ok()) << messages.status();
    std::vector<std::string> texts;
    for (const auto& message : *messages) texts.push_back(Text(message));
    return texts;
  }

  static std::vector<std::string> Sorted(std::vector<std::string> texts) {
    std::sort(texts.begin(), texts.end());
    return texts;
  }

  std::minstd_rand random_;
  Place place_;
  std::unique_ptr<RocksTokenStore> rocks_ = place_.Open();
  MemoryTokenStore model_;
};

TEST(RocksTokenStoreTest, AnswersAsTheModelDoes) {
  for (const uint32_t seed : {1, 2, 3}) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Comparison(seed).Run(1500);
  }
}

}  // namespace
}  // namespace tokenbroker
