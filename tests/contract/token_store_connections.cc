// SPDX-License-Identifier: Apache-2.0
//
// Connections: got, listed, removed.
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/contract/stored_records.h"
#include "tests/contract/token_store_contract.h"

namespace tokenbroker {

// Not every test program has every kind of store.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TokenStoreContract);

namespace {

using absl::StatusCode;
using storage::v1::ConnectionRecord;

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

TEST_P(TokenStoreContract, IsWritableWhenNothingIsWrong) {
  EXPECT_EQ(store().Writable(), absl::OkStatus());
}

TEST_P(TokenStoreContract, GetsWhatWasCommitted) {
  Connect(store(), Ann(), 2);
  const auto record = store().Get(Ann());
  ASSERT_EQ(record.status(), absl::OkStatus());
  EXPECT_EQ(record->SerializeAsString(), Record(Ann(), 2).SerializeAsString());
}

TEST_P(TokenStoreContract, GetFindsNoConnectionWhereThereIsNone) {
  Connect(store(), Ann());
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
  Connect(store(), Ann());
  auto copy = store().Get(Ann());
  ASSERT_EQ(copy.status(), absl::OkStatus());
  copy->mutable_connection()->set_generation(99);
  EXPECT_EQ(store().Get(Ann())->connection().generation(), 1);
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
  Connect(store(), Ann());
  ASSERT_EQ(store().Begin(Refresh(Ann(), 1)), absl::OkStatus());
  ASSERT_EQ(store().Begin(Code(Ann(), 1)), absl::OkStatus());
  ASSERT_EQ(store().Remove(Ann()), absl::OkStatus());
  EXPECT_EQ(Everything(store()), "");
  EXPECT_EQ(store().Get(Ann()).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store().Commit(Code(Ann(), 1), Record(Ann(), 1)).code(),
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
  Connect(store(), Ann());
  ASSERT_EQ(store().Remove(Ann()), absl::OkStatus());
  EXPECT_EQ(Everything(store()), before);
}

TEST_P(TokenStoreContract, RemovesNoConnectionWhereThereIsNone) {
  ASSERT_EQ(store().Begin(Code(Ann(), 1)), absl::OkStatus());
  EXPECT_EQ(store().Remove(Ann()).code(), StatusCode::kNotFound);
  EXPECT_EQ(Open(store()).size(), 1u);
}

}  // namespace
}  // namespace tokenbroker
