// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/token_store_contract.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/proto_time.h"

namespace tokenbroker {

// Not every test program has every kind of store.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TokenStoreContract);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DurableTokenStoreContract);

namespace {

using absl::StatusCode;
using storage::v1::AttemptRecord;
using storage::v1::AuthorizationRecord;
using storage::v1::ConnectionRecord;
using storage::v1::Sealed;

const ConnectionKey kAnn = {"google", "ann"};

absl::Time At(int seconds) {
  return absl::FromUnixSeconds(1795430000) + absl::Seconds(seconds);
}

ConnectionRecord Record(const ConnectionKey& key, int64_t generation,
                        std::optional<absl::Time> refresh_time = At(0)) {
  ConnectionRecord record;
  record.mutable_connection()->set_provider(key.provider);
  record.mutable_connection()->set_subject(key.subject);
  record.mutable_connection()->set_generation(generation);
  if (refresh_time.has_value()) {
    *record.mutable_connection()->mutable_refresh_time() =
        ToProto(*refresh_time);
  }
  record.mutable_access_token()->set_ciphertext(
      absl::StrCat("access ", generation));
  return record;
}

AttemptRecord Refresh(const ConnectionKey& key, int64_t generation,
                      const std::string& id = "refresh-attempt-") {
  AttemptRecord attempt;
  attempt.set_id(id);
  attempt.set_kind(AttemptRecord::KIND_REFRESH);
  attempt.set_provider(key.provider);
  attempt.set_subject(key.subject);
  attempt.set_generation(generation);
  *attempt.mutable_start_time() = ToProto(At(-1));
  return attempt;
}

// Hashes of states have 32 bytes, of any value.
std::string Hash(int number) {
  std::string hash(32, '\0');
  hash[0] = static_cast<char>(number);
  hash[31] = static_cast<char>(255 - number);
  return hash;
}

AttemptRecord Code(const ConnectionKey& key, int number) {
  AttemptRecord attempt;
  attempt.set_id(Hash(number));
  attempt.set_kind(AttemptRecord::KIND_CODE);
  attempt.set_provider(key.provider);
  attempt.set_subject(key.subject);
  attempt.mutable_authorization()->set_caller("spiffe://example.com/shop");
  return attempt;
}

AuthorizationRecord Authorization(absl::Time expire_time) {
  AuthorizationRecord authorization;
  authorization.set_provider("google");
  authorization.set_subject("ann");
  *authorization.mutable_expire_time() = ToProto(expire_time);
  return authorization;
}

Sealed Answer(const std::string& text) {
  Sealed sealed;
  sealed.set_ciphertext(text);
  return sealed;
}

// Brings a connection to `generation` as the broker would.
void Connect(TokenStore& store, const ConnectionKey& key,
             int64_t generation = 1,
             std::optional<absl::Time> refresh_time = At(0)) {
  for (int64_t next = 1; next <= generation; ++next) {
    ASSERT_EQ(store.Begin(Code(key, 200)), absl::OkStatus());
    ASSERT_EQ(store.Commit(Code(key, 200), Record(key, next, refresh_time)),
              absl::OkStatus());
  }
}

std::vector<std::string> Names(const std::vector<ConnectionRecord>& records) {
  std::vector<std::string> names;
  names.reserve(records.size());
  for (const ConnectionRecord& record : records) {
    names.push_back(absl::StrCat(record.connection().provider(), "/",
                                 record.connection().subject()));
  }
  return names;
}

std::vector<std::string> List(TokenStore& store, const ListRequest& request) {
  const auto records = store.List(request);
  EXPECT_EQ(records.status(), absl::OkStatus());
  return records.ok() ? Names(*records) : std::vector<std::string>{"failed"};
}

// The subjects that are due.
std::vector<std::string> Due(TokenStore& store, absl::string_view provider,
                             const std::optional<DueEntry>& after,
                             absl::Time until, int limit = 100) {
  const auto entries = store.Due(provider, after, until, limit);
  EXPECT_EQ(entries.status(), absl::OkStatus());
  std::vector<std::string> subjects;
  if (!entries.ok()) return {"failed"};
  for (const DueEntry& entry : *entries) {
    EXPECT_EQ(entry.key.provider, provider);
    subjects.push_back(entry.key.subject);
  }
  return subjects;
}

std::vector<std::string> AllDue(TokenStore& store,
                                absl::string_view provider = "google") {
  return Due(store, provider, std::nullopt, absl::InfiniteFuture());
}

// Open attempts by subject and ID.
std::map<std::string, AttemptRecord> Open(TokenStore& store) {
  const auto attempts = store.OpenAttempts();
  EXPECT_EQ(attempts.status(), absl::OkStatus());
  std::map<std::string, AttemptRecord> open;
  if (!attempts.ok()) return open;
  for (const AttemptRecord& attempt : *attempts) {
    open[absl::StrCat(attempt.provider(), "/", attempt.subject(), "/",
                      attempt.id())] = attempt;
  }
  EXPECT_EQ(open.size(), attempts->size());
  return open;
}

// Everything that is in a store, for "nothing changes".
std::string Everything(TokenStore& store) {
  std::string everything;
  ListRequest request;
  request.providers = {"google", "google-acme", "kakao"};
  const auto records = store.List(request);
  EXPECT_EQ(records.status(), absl::OkStatus());
  for (const ConnectionRecord& record : *records) {
    absl::StrAppend(&everything, record.SerializeAsString(), "\n");
  }
  for (const std::string& provider : request.providers) {
    const auto due =
        store.Due(provider, std::nullopt, absl::InfiniteFuture(), 1000);
    EXPECT_EQ(due.status(), absl::OkStatus());
    for (const DueEntry& entry : *due) {
      absl::StrAppend(&everything, absl::ToUnixMicros(entry.refresh_time), " ",
                      provider, " ", entry.key.subject, "\n");
    }
  }
  for (const auto& [name, attempt] : Open(store)) {
    absl::StrAppend(&everything, attempt.SerializeAsString(), "\n");
  }
  return everything;
}

// Runs `act(0)` to `act(count - 1)` at once and says how many gave OK. The
// others must give `otherwise`.
int WinnersOf(int count, StatusCode otherwise,
              const std::function<absl::Status(int)>& act) {
  std::atomic<int> waiting = count;
  std::atomic<int> winners = 0;
  std::vector<std::thread> threads;
  threads.reserve(count);
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      --waiting;
      while (waiting > 0) std::this_thread::yield();
      const absl::Status status = act(i);
      if (status.ok()) {
        ++winners;
      } else {
        EXPECT_EQ(status.code(), otherwise) << status;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return winners;
}

using Strings = std::vector<std::string>;

// --- Connections ---

TEST_P(TokenStoreContract, IsWritableWhenNothingIsWrong) {
  EXPECT_EQ(store().Writable(), absl::OkStatus());
}

TEST_P(TokenStoreContract, GetsWhatWasCommitted) {
  Connect(store(), kAnn, 2);
  const auto record = store().Get(kAnn);
  ASSERT_EQ(record.status(), absl::OkStatus());
  EXPECT_EQ(record->SerializeAsString(), Record(kAnn, 2).SerializeAsString());
}

TEST_P(TokenStoreContract, GetFindsNoConnectionWhereThereIsNone) {
  Connect(store(), kAnn);
  const ConnectionKey others[] = {{"google", "an"},
                                  {"google", "anna"},
                                  {"google-acme", "ann"},
                                  {"googl", "eann"},
                                  {"google", "Ann"}};
  for (const ConnectionKey& other : others) {
    EXPECT_EQ(store().Get(other).status().code(), StatusCode::kNotFound)
        << other.provider << " " << other.subject;
  }
}

TEST_P(TokenStoreContract, GivesCopies) {
  Connect(store(), kAnn);
  auto copy = store().Get(kAnn);
  ASSERT_EQ(copy.status(), absl::OkStatus());
  copy->mutable_connection()->set_generation(99);
  EXPECT_EQ(store().Get(kAnn)->connection().generation(), 1);
}

TEST_P(TokenStoreContract, KeepsAnySubjectApart) {
  const Strings subjects = {"a",
                            "a\x01",
                            "a ",
                            "\x01",
                            "\x7f",
                            "\xf4\x8f\xbf\xbf",
                            "\xea\xb9\x80",
                            std::string(512, 'x')};
  for (const std::string& subject : subjects) {
    Connect(store(), {"google", subject});
  }
  for (const std::string& subject : subjects) {
    const auto record = store().Get({"google", subject});
    ASSERT_EQ(record.status(), absl::OkStatus());
    EXPECT_EQ(record->connection().subject(), subject);
  }
  EXPECT_EQ(AllDue(store()).size(), subjects.size());
}

TEST_P(TokenStoreContract, ListsInTheOrderOfProviderAndSubject) {
  for (const ConnectionKey& key :
       {ConnectionKey{"google-acme", "a"}, ConnectionKey{"google", "b"},
        ConnectionKey{"kakao", "a"}, ConnectionKey{"google", "a"},
        ConnectionKey{"google", "\xea\xb9\x80"}}) {
    Connect(store(), key);
  }
  ListRequest request;
  request.providers = {"google", "google-acme", "kakao"};
  EXPECT_EQ(List(store(), request),
            (Strings{"google/a", "google/b", "google/\xea\xb9\x80",
                     "google-acme/a", "kakao/a"}));
}

TEST_P(TokenStoreContract, ListsOnlyWhatIsAskedFor) {
  for (const ConnectionKey& key :
       {ConnectionKey{"google", "a"}, ConnectionKey{"google", "ab"},
        ConnectionKey{"google", "b"}, ConnectionKey{"google-acme", "a"},
        ConnectionKey{"kakao", "a"}, ConnectionKey{"kakao", "c"}}) {
    Connect(store(), key);
  }
  using Key = ConnectionKey;
  const struct {
    ListRequest request;
    Strings expected;
  } cases[] = {
      {{{}, "", std::nullopt, 9}, {}},
      {{{"github"}, "", std::nullopt, 9}, {}},
      {{{"google"}, "", std::nullopt, 9},
       {"google/a", "google/ab", "google/b"}},
      {{{"google", "kakao"}, "a", std::nullopt, 9}, {"google/a", "kakao/a"}},
      {{{"google"}, "zzz", std::nullopt, 9}, {}},
      {{{"google", "kakao"}, "", Key{"google", "a"}, 9},
       {"google/ab", "google/b", "kakao/a", "kakao/c"}},
      // A place between rows, at rows of others, behind all.
      {{{"google", "kakao"}, "", Key{"google", "aa"}, 9},
       {"google/ab", "google/b", "kakao/a", "kakao/c"}},
      {{{"google", "kakao"}, "", Key{"google-acme", "a"}, 9},
       {"kakao/a", "kakao/c"}},
      {{{"google", "kakao"}, "", Key{"kakao", "c"}, 9}, {}},
      {{{"google", "google-acme", "kakao"}, "a", Key{"google", "a"}, 9},
       {"google-acme/a", "kakao/a"}},
      {{{"google", "kakao"}, "", std::nullopt, 4},
       {"google/a", "google/ab", "google/b", "kakao/a"}},
      {{{"google", "kakao"}, "a", std::nullopt, 1}, {"google/a"}},
      {{{"google"}, "", std::nullopt, 0}, {}},
  };
  for (const auto& [request, expected] : cases) {
    EXPECT_EQ(List(store(), request), expected);
  }
}

TEST_P(TokenStoreContract, ListsASubjectWithItsFurtherPairsOfTokens) {
  for (const ConnectionKey& key :
       {NamedKey("google", "a", "user"), NamedKey("google", "a", ""),
        NamedKey("google", "a", "bot"), NamedKey("google", "a b", ""),
        NamedKey("google", "ab", "bot"), NamedKey("kakao", "a", "bot")}) {
    Connect(store(), key);
  }
  ListRequest request;
  request.providers = {"google", "kakao"};
  request.subject = "a";
  EXPECT_EQ(List(store(), request), (Strings{"google/a",
                                             "google/a\x1f"
                                             "bot",
                                             "google/a\x1fuser",
                                             "kakao/a\x1f"
                                             "bot"}));
  request.after = NamedKey("google", "a", "bot");
  request.limit = 1;
  EXPECT_EQ(List(store(), request), (Strings{"google/a\x1fuser"}));
}

TEST_P(TokenStoreContract, ListsPageByPageWithoutGapOrRepetition) {
  Strings all;
  for (const char* provider : {"google", "kakao"}) {
    for (int i = 10; i < 30; ++i) {
      Connect(store(), {provider, absl::StrCat(i)});
      all.push_back(absl::StrCat(provider, "/", i));
    }
  }
  ListRequest request;
  request.providers = {"google", "kakao"};
  request.limit = 7;
  Strings seen;
  for (;;) {
    const auto page = store().List(request);
    ASSERT_EQ(page.status(), absl::OkStatus());
    if (page->empty()) break;
    for (const std::string& name : Names(*page)) seen.push_back(name);
    const v1::Connection& last = page->back().connection();
    request.after = ConnectionKey{last.provider(), last.subject()};
  }
  EXPECT_EQ(seen, all);
}

TEST_P(TokenStoreContract, RemovesAConnectionWithItsPlaceAndItsAttempts) {
  Connect(store(), kAnn);
  ASSERT_EQ(store().Begin(Refresh(kAnn, 1)), absl::OkStatus());
  ASSERT_EQ(store().Begin(Code(kAnn, 1)), absl::OkStatus());
  ASSERT_EQ(store().Remove(kAnn), absl::OkStatus());
  EXPECT_EQ(Everything(store()), "");
  EXPECT_EQ(store().Get(kAnn).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store().Commit(Code(kAnn, 1), Record(kAnn, 1)).code(),
            StatusCode::kAborted);
}

TEST_P(TokenStoreContract, RemovesNothingOfTheNeighbours) {
  const ConnectionKey neighbours[] = {{"google", "an"},
                                      {"google", "anna"},
                                      {"google", "ann\x01"},
                                      {"google-acme", "ann"}};
  for (const ConnectionKey& key : neighbours) {
    Connect(store(), key);
    ASSERT_EQ(store().Begin(Refresh(key, 1)), absl::OkStatus());
    ASSERT_EQ(store().Begin(Code(key, 1)), absl::OkStatus());
  }
  const std::string before = Everything(store());
  Connect(store(), kAnn);
  ASSERT_EQ(store().Remove(kAnn), absl::OkStatus());
  EXPECT_EQ(Everything(store()), before);
}

TEST_P(TokenStoreContract, RemovesNoConnectionWhereThereIsNone) {
  ASSERT_EQ(store().Begin(Code(kAnn, 1)), absl::OkStatus());
  EXPECT_EQ(store().Remove(kAnn).code(), StatusCode::kNotFound);
  EXPECT_EQ(Open(store()).size(), 1u);
}

// --- The refresh protocol ---

TEST_P(TokenStoreContract, BeginsARefreshOfTheStoredGenerationOnly) {
  EXPECT_EQ(store().Begin(Refresh(kAnn, 1)).code(), StatusCode::kNotFound);
  Connect(store(), kAnn, 3);
  EXPECT_EQ(store().Begin(Refresh(kAnn, 2)).code(), StatusCode::kAborted);
  EXPECT_EQ(store().Begin(Refresh(kAnn, 4)).code(), StatusCode::kAborted);
  EXPECT_EQ(Open(store()).size(), 0u);
  EXPECT_EQ(store().Begin(Refresh(kAnn, 3)), absl::OkStatus());
}

TEST_P(TokenStoreContract, BeginsOneRefreshAtATime) {
  Connect(store(), kAnn);
  Connect(store(), {"google", "bob"});
  ASSERT_EQ(store().Begin(Refresh(kAnn, 1, "first")), absl::OkStatus());
  EXPECT_EQ(store().Begin(Refresh(kAnn, 1, "second")).code(),
            StatusCode::kAborted);
  EXPECT_EQ(store().Begin(Refresh({"google", "bob"}, 1)), absl::OkStatus());
  ASSERT_EQ(store().Abandon(Refresh(kAnn, 1, "first")), absl::OkStatus());
  EXPECT_EQ(store().Begin(Refresh(kAnn, 1, "second")), absl::OkStatus());
}

TEST_P(TokenStoreContract, BeginsCodesBesideEachOtherAndBesideARefresh) {
  EXPECT_EQ(store().Begin(Code(kAnn, 1)), absl::OkStatus());
  EXPECT_EQ(store().Begin(Code(kAnn, 2)), absl::OkStatus());
  Connect(store(), kAnn);
  EXPECT_EQ(store().Begin(Refresh(kAnn, 1)), absl::OkStatus());
  EXPECT_EQ(store().Begin(Code(kAnn, 3)), absl::OkStatus());
  EXPECT_EQ(Open(store()).size(), 4u);
}

TEST_P(TokenStoreContract, BeginsNoAttemptTwice) {
  ASSERT_EQ(store().Begin(Code(kAnn, 1)), absl::OkStatus());
  ASSERT_EQ(store().KeepResponse(Code(kAnn, 1), Answer("kept")),
            absl::OkStatus());
  EXPECT_EQ(store().Begin(Code(kAnn, 1)).code(), StatusCode::kAborted);
  ASSERT_EQ(Open(store()).size(), 1u);
  EXPECT_EQ(Open(store()).begin()->second.response().ciphertext(), "kept");
}

TEST_P(TokenStoreContract, BeginsNoAttemptWithoutAKind) {
  AttemptRecord attempt = Code(kAnn, 1);
  attempt.set_kind(AttemptRecord::KIND_UNSPECIFIED);
  EXPECT_EQ(store().Begin(attempt).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Open(store()).size(), 0u);
}

TEST_P(TokenStoreContract, WritesNothingThatCouldNotBeReadAgain) {
  Connect(store(), kAnn);
  ASSERT_EQ(store().Begin(Refresh(kAnn, 1)), absl::OkStatus());
  const std::string before = Everything(store());
  const std::string not_utf8 = "\xff";

  EXPECT_EQ(store().Begin(Code({"google", not_utf8}, 1)).code(),
            StatusCode::kInvalidArgument);
  Sealed response;
  response.set_key_id(not_utf8);
  EXPECT_EQ(store().KeepResponse(Refresh(kAnn, 1), response).code(),
            StatusCode::kInvalidArgument);
  ConnectionRecord next = Record(kAnn, 2);
  next.set_token_type(not_utf8);
  EXPECT_EQ(store().Commit(Refresh(kAnn, 1), next).code(),
            StatusCode::kInvalidArgument);
  AuthorizationRecord authorization;
  authorization.set_caller(not_utf8);
  EXPECT_EQ(store().Remember(Hash(1), authorization).code(),
            StatusCode::kInvalidArgument);

  EXPECT_EQ(Everything(store()), before);
  EXPECT_EQ(store().Take(Hash(1)).status().code(), StatusCode::kNotFound);
}

TEST_P(TokenStoreContract, OpenAttemptsAreAsTheyWereBegun) {
  Connect(store(), kAnn);
  ASSERT_EQ(store().Begin(Refresh(kAnn, 1)), absl::OkStatus());
  ASSERT_EQ(store().Begin(Code({"kakao", "bob"}, 1)), absl::OkStatus());
  const auto open = Open(store());
  ASSERT_EQ(open.size(), 2u);
  EXPECT_EQ(open.at("google/ann/refresh-attempt-").SerializeAsString(),
            Refresh(kAnn, 1).SerializeAsString());
  EXPECT_EQ(open.at("kakao/bob/" + Hash(1)).SerializeAsString(),
            Code({"kakao", "bob"}, 1).SerializeAsString());
}

TEST_P(TokenStoreContract, KeepsAResponseWithItsAttempt) {
  Connect(store(), kAnn);
  ASSERT_EQ(store().Begin(Refresh(kAnn, 1)), absl::OkStatus());
  ASSERT_EQ(store().Begin(Code(kAnn, 1)), absl::OkStatus());
  const std::string large(256 << 10, 'x');
  ASSERT_EQ(store().KeepResponse(Refresh(kAnn, 1), Answer(large)),
            absl::OkStatus());
  AttemptRecord expected = Refresh(kAnn, 1);
  *expected.mutable_response() = Answer(large);
  const auto open = Open(store());
  EXPECT_EQ(open.at("google/ann/refresh-attempt-").SerializeAsString(),
            expected.SerializeAsString());
  EXPECT_FALSE(open.at("google/ann/" + Hash(1)).has_response());
}

TEST_P(TokenStoreContract, KeepsAResponseOfAnOpenAttemptOnly) {
  Connect(store(), kAnn);
  const auto keep = [this](const AttemptRecord& attempt) {
    return store().KeepResponse(attempt, Answer("answer")).code();
  };
  EXPECT_EQ(keep(Refresh(kAnn, 1)), StatusCode::kAborted);
  EXPECT_EQ(keep(Code(kAnn, 1)), StatusCode::kAborted);
  ASSERT_EQ(store().Begin(Refresh(kAnn, 1, "first")), absl::OkStatus());
  EXPECT_EQ(keep(Refresh(kAnn, 1, "second")), StatusCode::kAborted);
  ASSERT_EQ(store().Commit(Refresh(kAnn, 1, "first"), Record(kAnn, 2)),
            absl::OkStatus());
  EXPECT_EQ(keep(Refresh(kAnn, 1, "first")), StatusCode::kAborted);
  EXPECT_EQ(Open(store()).size(), 0u);
}

TEST_P(TokenStoreContract, CommitEndsTheAttemptAndReplacesTheConnection) {
  Connect(store(), kAnn);
  ASSERT_EQ(store().Begin(Refresh(kAnn, 1)), absl::OkStatus());
  ASSERT_EQ(store().Begin(Code(kAnn, 1)), absl::OkStatus());
  ASSERT_EQ(store().Commit(Refresh(kAnn, 1), Record(kAnn, 2, At(60))),
            absl::OkStatus());
  EXPECT_EQ(store().Get(kAnn)->SerializeAsString(),
            Record(kAnn, 2, At(60)).SerializeAsString());
  // The other attempt is still open.
  const auto open = Open(store());
  EXPECT_EQ(open.size(), 1u);
  EXPECT_EQ(open.count("google/ann/" + Hash(1)), 1u);
}

TEST_P(TokenStoreContract, CommitMovesThePlaceInTheDueIndex) {
  const std::optional<absl::Time> places[] = {At(60), At(60), At(30),
                                              std::nullopt, At(90)};
  Connect(store(), kAnn, 1, At(0));
  int64_t generation = 1;
  for (const std::optional<absl::Time>& place : places) {
    const AttemptRecord attempt = Refresh(kAnn, generation);
    ASSERT_EQ(store().Begin(attempt), absl::OkStatus());
    ASSERT_EQ(store().Commit(attempt, Record(kAnn, ++generation, place)),
              absl::OkStatus());
    const auto due =
        store().Due("google", std::nullopt, absl::InfiniteFuture(), 9);
    ASSERT_EQ(due.status(), absl::OkStatus());
    ASSERT_EQ(due->size(), place.has_value() ? 1u : 0u);
    if (place.has_value()) EXPECT_EQ(due->front().refresh_time, *place);
  }
}

TEST_P(TokenStoreContract, CommitsOnlyWhatFollowsTheStoredGeneration) {
  const struct {
    AttemptRecord attempt;
    int64_t stored;
    int64_t next;
    bool follows;
  } cases[] = {
      {Refresh(kAnn, 3), 3, 2, false},
      {Refresh(kAnn, 3), 3, 3, true},
      {Refresh(kAnn, 3), 3, 4, true},
      {Refresh(kAnn, 3), 3, 5, false},
      // Replaced by a new consent meanwhile.
      {Refresh(kAnn, 3), 4, 3, false},
      {Refresh(kAnn, 3), 4, 4, false},
      {Refresh(kAnn, 3), 4, 5, false},
      {Code(kAnn, 1), 0, 0, false},
      {Code(kAnn, 1), 0, 1, true},
      {Code(kAnn, 1), 0, 2, false},
      {Code(kAnn, 1), 3, 1, false},
      {Code(kAnn, 1), 3, 3, false},
      {Code(kAnn, 1), 3, 4, true},
      {Code(kAnn, 1), 3, 5, false},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(absl::StrCat("stored ", test.stored, " next ", test.next,
                              " kind ", test.attempt.kind()));
    const int64_t at_begin = test.attempt.generation();
    Connect(store(), kAnn, at_begin);
    ASSERT_EQ(store().Begin(test.attempt), absl::OkStatus());
    for (int64_t next = at_begin + 1; next <= test.stored; ++next) {
      ASSERT_EQ(store().Begin(Code(kAnn, 200)), absl::OkStatus());
      ASSERT_EQ(store().Commit(Code(kAnn, 200), Record(kAnn, next)),
                absl::OkStatus());
    }

    const std::string before = Everything(store());
    const absl::Status status =
        store().Commit(test.attempt, Record(kAnn, test.next, At(99)));
    if (test.follows) {
      EXPECT_EQ(status, absl::OkStatus());
      EXPECT_EQ(store().Get(kAnn)->connection().generation(), test.next);
      EXPECT_EQ(Open(store()).size(), 0u);
    } else {
      EXPECT_EQ(status.code(), StatusCode::kAborted);
      EXPECT_EQ(Everything(store()), before);
    }
    // Clean for the next case.
    (void)store().Abandon(test.attempt);
    (void)store().Remove(kAnn);
    ASSERT_EQ(Everything(store()), "");
  }
}

TEST_P(TokenStoreContract, CommitsOpenAttemptsOnly) {
  Connect(store(), kAnn);
  const std::string before = Everything(store());
  EXPECT_EQ(store().Commit(Refresh(kAnn, 1), Record(kAnn, 2)).code(),
            StatusCode::kAborted);
  EXPECT_EQ(store().Commit(Code(kAnn, 1), Record(kAnn, 2)).code(),
            StatusCode::kAborted);
  EXPECT_EQ(Everything(store()), before);

  ASSERT_EQ(store().Begin(Refresh(kAnn, 1, "first")), absl::OkStatus());
  EXPECT_EQ(store().Commit(Refresh(kAnn, 1, "second"), Record(kAnn, 2)).code(),
            StatusCode::kAborted);
  ASSERT_EQ(store().Commit(Refresh(kAnn, 1, "first"), Record(kAnn, 2)),
            absl::OkStatus());
  EXPECT_EQ(store().Commit(Refresh(kAnn, 1, "first"), Record(kAnn, 2)).code(),
            StatusCode::kAborted);
}

TEST_P(TokenStoreContract, CommitsNoConnectionOfAnother) {
  ASSERT_EQ(store().Begin(Code(kAnn, 1)), absl::OkStatus());
  const std::string before = Everything(store());
  EXPECT_EQ(store().Commit(Code(kAnn, 1), Record({"google", "bob"}, 1)).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Everything(store()), before);
}

TEST_P(TokenStoreContract, AbandonEndsTheAttemptAndNothingElse) {
  Connect(store(), kAnn);
  const std::string before = Everything(store());
  ASSERT_EQ(store().Begin(Refresh(kAnn, 1)), absl::OkStatus());
  ASSERT_EQ(store().Abandon(Refresh(kAnn, 1)), absl::OkStatus());
  EXPECT_EQ(Everything(store()), before);
}

TEST_P(TokenStoreContract, AbandonsWhatIsNotOpenInVain) {
  EXPECT_EQ(store().Abandon(Code(kAnn, 1)), absl::OkStatus());
  Connect(store(), kAnn);
  ASSERT_EQ(store().Begin(Refresh(kAnn, 1, "first")), absl::OkStatus());
  const std::string before = Everything(store());
  EXPECT_EQ(store().Abandon(Refresh(kAnn, 1, "second")), absl::OkStatus());
  EXPECT_EQ(store().Abandon(Code(kAnn, 1)), absl::OkStatus());
  EXPECT_EQ(Everything(store()), before);
}

// --- Due ---

TEST_P(TokenStoreContract, DueGivesTheEarliestFirstAndTiesBySubject) {
  Connect(store(), {"google", "b"}, 1, At(20));
  Connect(store(), {"google", "c"}, 1, At(10));
  Connect(store(), {"google", "a"}, 1, At(20));
  Connect(store(), {"google", "d"}, 1, At(20) - absl::Microseconds(1));
  Connect(store(), {"google", "none"}, 1, std::nullopt);
  Connect(store(), {"google-acme", "x"}, 1, At(5));
  Connect(store(), {"googl", "y"}, 1, At(5));
  EXPECT_EQ(AllDue(store()), (Strings{"c", "d", "a", "b"}));
  EXPECT_EQ(AllDue(store(), "google-acme"), (Strings{"x"}));
  EXPECT_EQ(AllDue(store(), "kakao"), Strings{});
}

TEST_P(TokenStoreContract, DueSaysWhatIsUrgent) {
  Connect(store(), kAnn, 1, At(10));
  const auto is_urgent = [this] {
    const auto due =
        store().Due("google", std::nullopt, absl::InfiniteFuture(), 10);
    EXPECT_EQ(due.status(), absl::OkStatus());
    return due->size() == 1 && due->front().urgent;
  };
  EXPECT_FALSE(is_urgent());
  ConnectionRecord unknown = Record(kAnn, 1, At(10));
  unknown.mutable_connection()->set_state(
      v1::Connection::STATE_OUTCOME_UNKNOWN);
  ASSERT_EQ(store().Begin(Refresh(kAnn, 1)), absl::OkStatus());
  ASSERT_EQ(store().Commit(Refresh(kAnn, 1), unknown), absl::OkStatus());
  EXPECT_TRUE(is_urgent());
  ASSERT_EQ(store().Begin(Refresh(kAnn, 1)), absl::OkStatus());
  ASSERT_EQ(store().Commit(Refresh(kAnn, 1), Record(kAnn, 2, At(10))),
            absl::OkStatus());
  EXPECT_FALSE(is_urgent());
}

TEST_P(TokenStoreContract, DueGivesItsTimesToTheMicrosecond) {
  const absl::Time times[] = {absl::FromUnixMicros(-1), absl::UnixEpoch(),
                              At(0) + absl::Microseconds(123456),
                              absl::FromUnixSeconds(253402300799)};
  for (const absl::Time time : times) {
    Connect(store(), {"google", absl::FormatTime(time, absl::UTCTimeZone())}, 1,
            time);
  }
  const auto due =
      store().Due("google", std::nullopt, absl::InfiniteFuture(), 9);
  ASSERT_EQ(due.status(), absl::OkStatus());
  ASSERT_EQ(due->size(), 4u);
  for (int i = 0; i < 4; ++i) EXPECT_EQ((*due)[i].refresh_time, times[i]);
}

TEST_P(TokenStoreContract, DueGoesUpToAndIncludesItsTime) {
  Connect(store(), {"google", "a"}, 1, At(10));
  Connect(store(), {"google", "b"}, 1, At(10));
  const auto until = [this](absl::Time time) {
    return Due(store(), "google", std::nullopt, time).size();
  };
  EXPECT_EQ(until(absl::InfinitePast()), 0u);
  EXPECT_EQ(until(At(10) - absl::Nanoseconds(1)), 0u);
  EXPECT_EQ(until(At(10)), 2u);
}

TEST_P(TokenStoreContract, DueGoesOnBehindAnEntry) {
  Connect(store(), {"google", "a"}, 1, At(10));
  Connect(store(), {"google", "b"}, 1, At(10));
  Connect(store(), {"google", "c"}, 1, At(11));
  const auto behind = [this](absl::Time time, const char* subject,
                             absl::Time until) {
    return Due(store(), "google", DueEntry{time, {"google", subject}}, until);
  };
  EXPECT_EQ(behind(At(10), "a", At(99)), (Strings{"b", "c"}));
  EXPECT_EQ(behind(At(10), "b", At(99)), (Strings{"c"}));
  // An entry that is not there (any more) is a place all the same.
  EXPECT_EQ(behind(At(10), "aa", At(99)), (Strings{"b", "c"}));
  EXPECT_EQ(behind(At(9), "zzz", At(99)), (Strings{"a", "b", "c"}));
  EXPECT_EQ(behind(At(11), "c", At(99)), Strings{});
  EXPECT_EQ(behind(At(11), "c", At(5)), Strings{});
}

TEST_P(TokenStoreContract, DueGivesPagesWithoutGapOrRepetition) {
  Strings all;
  for (int i = 10; i < 40; ++i) {
    Connect(store(), {"google", absl::StrCat(i)}, 1, At(i / 4));
    all.push_back(absl::StrCat(i));
  }
  Strings seen;
  std::optional<DueEntry> after;
  for (;;) {
    const auto page = store().Due("google", after, At(99), 7);
    ASSERT_EQ(page.status(), absl::OkStatus());
    if (page->empty()) break;
    EXPECT_LE(page->size(), 7u);
    for (const DueEntry& entry : *page) seen.push_back(entry.key.subject);
    after = page->back();
  }
  EXPECT_EQ(seen, all);
  EXPECT_EQ(Due(store(), "google", std::nullopt, At(99), 0), Strings{});
}

// --- Authorizations ---

TEST_P(TokenStoreContract, TakesAnAuthorizationOnce) {
  ASSERT_EQ(store().Remember(Hash(1), Authorization(At(1))), absl::OkStatus());
  ASSERT_EQ(store().Remember(Hash(2), Authorization(At(2))), absl::OkStatus());
  const auto taken = store().Take(Hash(1));
  ASSERT_EQ(taken.status(), absl::OkStatus());
  EXPECT_EQ(taken->SerializeAsString(),
            Authorization(At(1)).SerializeAsString());
  EXPECT_EQ(store().Take(Hash(1)).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store().Take(Hash(3)).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store().Take(Hash(2)).status(), absl::OkStatus());
}

TEST_P(TokenStoreContract, ForgetsWhatExpiredBefore) {
  ASSERT_EQ(store().Remember(Hash(1), Authorization(At(1))), absl::OkStatus());
  ASSERT_EQ(store().Remember(Hash(2), Authorization(At(2))), absl::OkStatus());
  ASSERT_EQ(store().Remember(Hash(3), Authorization(At(3))), absl::OkStatus());
  EXPECT_EQ(*store().ForgetExpired(At(1), 9), 0);
  EXPECT_EQ(*store().ForgetExpired(At(3), 9), 2);
  EXPECT_EQ(*store().ForgetExpired(At(3), 9), 0);
  EXPECT_EQ(store().Take(Hash(1)).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store().Take(Hash(2)).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store().Take(Hash(3)).status(), absl::OkStatus());
}

TEST_P(TokenStoreContract, ForgetsTheEarliestFirstAndNoMoreThanAsked) {
  for (const int number : {3, 1, 4, 2}) {
    ASSERT_EQ(store().Remember(Hash(number), Authorization(At(number))),
              absl::OkStatus());
  }
  EXPECT_EQ(*store().ForgetExpired(At(99), 0), 0);
  EXPECT_EQ(*store().ForgetExpired(At(99), 3), 3);
  EXPECT_EQ(store().Take(Hash(3)).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store().Take(Hash(4)).status(), absl::OkStatus());
}

TEST_P(TokenStoreContract, CountsAmongTheForgottenNoneThatWasTaken) {
  ASSERT_EQ(store().Remember(Hash(1), Authorization(At(1))), absl::OkStatus());
  ASSERT_EQ(store().Remember(Hash(2), Authorization(At(2))), absl::OkStatus());
  ASSERT_EQ(store().Take(Hash(1)).status(), absl::OkStatus());
  EXPECT_EQ(*store().ForgetExpired(absl::InfiniteFuture(), 9), 1);
}

TEST_P(TokenStoreContract, RemembersAnewInTheSteadOfTheOldOne) {
  ASSERT_EQ(store().Remember(Hash(1), Authorization(At(1))), absl::OkStatus());
  ASSERT_EQ(store().Remember(Hash(1), Authorization(At(9))), absl::OkStatus());
  EXPECT_EQ(*store().ForgetExpired(At(5), 9), 0);
  const auto taken = store().Take(Hash(1));
  ASSERT_EQ(taken.status(), absl::OkStatus());
  EXPECT_EQ(FromProto(taken->expire_time()), At(9));
}

// --- Many at once ---

TEST_P(TokenStoreContract, OneOfManyTakersGetsTheAuthorization) {
  for (int round = 0; round < 20; ++round) {
    ASSERT_EQ(store().Remember(Hash(round), Authorization(At(1))),
              absl::OkStatus());
    EXPECT_EQ(
        WinnersOf(8, StatusCode::kNotFound,
                  [&](int) { return store().Take(Hash(round)).status(); }),
        1);
  }
}

TEST_P(TokenStoreContract, OneOfManyBeginsTheRefresh) {
  for (int round = 0; round < 20; ++round) {
    const ConnectionKey key = {"google", absl::StrCat(round)};
    Connect(store(), key);
    EXPECT_EQ(
        WinnersOf(8, StatusCode::kAborted,
                  [&](int i) {
                    return store().Begin(Refresh(key, 1, absl::StrCat(i)));
                  }),
        1);
  }
}

TEST_P(TokenStoreContract, OneOfManyCodesMakesEachGeneration) {
  for (int i = 0; i < 8; ++i) {
    ASSERT_EQ(store().Begin(Code(kAnn, i)), absl::OkStatus());
  }
  for (int generation = 1; generation <= 8; ++generation) {
    EXPECT_EQ(WinnersOf(8, StatusCode::kAborted,
                        [&](int i) {
                          return store().Commit(Code(kAnn, i),
                                                Record(kAnn, generation));
                        }),
              1);
  }
  EXPECT_EQ(store().Get(kAnn)->connection().generation(), 8);
  EXPECT_EQ(Open(store()).size(), 0u);
  EXPECT_EQ(AllDue(store()), Strings{"ann"});
}

TEST_P(TokenStoreContract, AllOfManyConnectionsAreCommitted) {
  const auto key = [](int i) {
    return ConnectionKey{"google", absl::StrCat(100 + i)};
  };
  EXPECT_EQ(WinnersOf(64, StatusCode::kOk,
                      [&](int i) {
                        absl::Status begun = store().Begin(Code(key(i), i));
                        if (!begun.ok()) return begun;
                        return store().Commit(Code(key(i), i),
                                              Record(key(i), 1));
                      }),
            64);
  EXPECT_EQ(AllDue(store()).size(), 64u);
}

TEST_P(TokenStoreContract, ForgettingAndTakingGiveEachAuthorizationToOne) {
  for (int i = 0; i < 64; ++i) {
    ASSERT_EQ(store().Remember(Hash(i), Authorization(At(i))),
              absl::OkStatus());
  }
  std::atomic<int> forgotten = 0;
  std::atomic<int> taken = 0;
  WinnersOf(8, StatusCode::kOk, [&](int thread) {
    for (int i = 0; i < 64; ++i) {
      if (thread < 4) {
        if (store().Take(Hash(63 - i)).ok()) ++taken;
      } else {
        forgotten += *store().ForgetExpired(At(64), 3);
      }
    }
    return absl::OkStatus();
  });
  EXPECT_EQ(forgotten + taken, 64);
}

// --- Opened again ---

TEST_P(DurableTokenStoreContract, KeepsConnectionsAndTheirPlaces) {
  Connect(store(), kAnn, 2, At(7));
  Connect(store(), {"kakao", "bob"});
  const std::string before = Everything(store());
  Reopen();
  EXPECT_EQ(Everything(store()), before);
}

TEST_P(DurableTokenStoreContract, KeepsAttemptsAndTheirResponses) {
  Connect(store(), kAnn);
  ASSERT_EQ(store().Begin(Refresh(kAnn, 1)), absl::OkStatus());
  ASSERT_EQ(store().KeepResponse(Refresh(kAnn, 1), Answer("kept")),
            absl::OkStatus());
  ASSERT_EQ(store().Begin(Code(kAnn, 1)), absl::OkStatus());
  const std::string before = Everything(store());
  Reopen();
  EXPECT_EQ(Everything(store()), before);
  EXPECT_EQ(store().Commit(Refresh(kAnn, 1), Record(kAnn, 2)),
            absl::OkStatus());
}

TEST_P(DurableTokenStoreContract, KeepsAuthorizationsUntilTheyAreTaken) {
  ASSERT_EQ(store().Remember(Hash(1), Authorization(At(1))), absl::OkStatus());
  ASSERT_EQ(store().Remember(Hash(2), Authorization(At(2))), absl::OkStatus());
  ASSERT_EQ(store().Remember(Hash(3), Authorization(At(3))), absl::OkStatus());
  ASSERT_EQ(store().Take(Hash(1)).status(), absl::OkStatus());
  ASSERT_EQ(*store().ForgetExpired(At(3), 9), 1);
  Reopen();
  EXPECT_EQ(store().Take(Hash(1)).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store().Take(Hash(2)).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store().Take(Hash(3)).status(), absl::OkStatus());
}

TEST_P(DurableTokenStoreContract, LeavesGoneWhatIsGone) {
  Connect(store(), kAnn);
  ASSERT_EQ(store().Begin(Refresh(kAnn, 1)), absl::OkStatus());
  ASSERT_EQ(store().Abandon(Refresh(kAnn, 1)), absl::OkStatus());
  Reopen();
  EXPECT_EQ(Open(store()).size(), 0u);
  ASSERT_EQ(store().Remove(kAnn), absl::OkStatus());
  Reopen();
  EXPECT_EQ(Everything(store()), "");
}

}  // namespace
}  // namespace tokenbroker
