// SPDX-License-Identifier: Apache-2.0
//
// The refresh protocol: begin, keep, commit, abandon.
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/contract/stored_records.h"
#include "tests/contract/token_store_contract.h"

namespace tokenbroker {

namespace {

using absl::StatusCode;
using storage::v1::AttemptRecord;
using storage::v1::AuthorizationRecord;
using storage::v1::ConnectionRecord;
using storage::v1::Sealed;

TEST_P(TokenStoreContract, BeginsARefreshOfTheStoredGenerationOnly) {
  EXPECT_EQ(store().Begin(Refresh(Ann(), 1)).code(), StatusCode::kNotFound);
  Connect(store(), Ann(), 3);
  EXPECT_EQ(store().Begin(Refresh(Ann(), 2)).code(), StatusCode::kAborted);
  EXPECT_EQ(store().Begin(Refresh(Ann(), 4)).code(), StatusCode::kAborted);
  EXPECT_EQ(Open(store()).size(), 0u);
  EXPECT_EQ(store().Begin(Refresh(Ann(), 3)), absl::OkStatus());
}

TEST_P(TokenStoreContract, BeginsOneRefreshAtATime) {
  Connect(store(), Ann());
  Connect(store(), {"google", "bob"});
  ASSERT_EQ(store().Begin(Refresh(Ann(), 1, "first")), absl::OkStatus());
  EXPECT_EQ(store().Begin(Refresh(Ann(), 1, "second")).code(),
            StatusCode::kAborted);
  EXPECT_EQ(store().Begin(Refresh({"google", "bob"}, 1)), absl::OkStatus());
  ASSERT_EQ(store().Abandon(Refresh(Ann(), 1, "first")), absl::OkStatus());
  EXPECT_EQ(store().Begin(Refresh(Ann(), 1, "second")), absl::OkStatus());
}

TEST_P(TokenStoreContract, BeginsCodesBesideEachOtherAndBesideARefresh) {
  EXPECT_EQ(store().Begin(Code(Ann(), 1)), absl::OkStatus());
  EXPECT_EQ(store().Begin(Code(Ann(), 2)), absl::OkStatus());
  Connect(store(), Ann());
  EXPECT_EQ(store().Begin(Refresh(Ann(), 1)), absl::OkStatus());
  EXPECT_EQ(store().Begin(Code(Ann(), 3)), absl::OkStatus());
  EXPECT_EQ(Open(store()).size(), 4u);
}

TEST_P(TokenStoreContract, BeginsNoAttemptTwice) {
  ASSERT_EQ(store().Begin(Code(Ann(), 1)), absl::OkStatus());
  ASSERT_EQ(store().KeepResponse(Code(Ann(), 1), Answer("kept")),
            absl::OkStatus());
  EXPECT_EQ(store().Begin(Code(Ann(), 1)).code(), StatusCode::kAborted);
  ASSERT_EQ(Open(store()).size(), 1u);
  EXPECT_EQ(Open(store()).begin()->second.response().ciphertext(), "kept");
}

TEST_P(TokenStoreContract, BeginsNoAttemptWithoutAKind) {
  AttemptRecord attempt = Code(Ann(), 1);
  attempt.set_kind(AttemptRecord::KIND_UNSPECIFIED);
  EXPECT_EQ(store().Begin(attempt).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Open(store()).size(), 0u);
}

TEST_P(TokenStoreContract, WritesNothingThatCouldNotBeReadAgain) {
  Connect(store(), Ann());
  ASSERT_EQ(store().Begin(Refresh(Ann(), 1)), absl::OkStatus());
  const std::string before = Everything(store());
  const std::string not_utf8 = "\xff";

  EXPECT_EQ(store().Begin(Code({"google", not_utf8}, 1)).code(),
            StatusCode::kInvalidArgument);
  Sealed response;
  response.set_key_id(not_utf8);
  EXPECT_EQ(store().KeepResponse(Refresh(Ann(), 1), response).code(),
            StatusCode::kInvalidArgument);
  ConnectionRecord next = Record(Ann(), 2);
  next.set_token_type(not_utf8);
  EXPECT_EQ(store().Commit(Refresh(Ann(), 1), next).code(),
            StatusCode::kInvalidArgument);
  AuthorizationRecord authorization;
  authorization.set_caller(not_utf8);
  EXPECT_EQ(store().Remember(Hash(1), authorization).code(),
            StatusCode::kInvalidArgument);

  EXPECT_EQ(Everything(store()), before);
  EXPECT_EQ(store().Take(Hash(1)).status().code(), StatusCode::kNotFound);
}

TEST_P(TokenStoreContract, OpenAttemptsAreAsTheyWereBegun) {
  Connect(store(), Ann());
  ASSERT_EQ(store().Begin(Refresh(Ann(), 1)), absl::OkStatus());
  ASSERT_EQ(store().Begin(Code({"kakao", "bob"}, 1)), absl::OkStatus());
  const auto open = Open(store());
  ASSERT_EQ(open.size(), 2u);
  EXPECT_EQ(open.at("google/ann/refresh-attempt-").SerializeAsString(),
            Refresh(Ann(), 1).SerializeAsString());
  EXPECT_EQ(open.at("kakao/bob/" + Hash(1)).SerializeAsString(),
            Code({"kakao", "bob"}, 1).SerializeAsString());
}

TEST_P(TokenStoreContract, KeepsAResponseWithItsAttempt) {
  Connect(store(), Ann());
  ASSERT_EQ(store().Begin(Refresh(Ann(), 1)), absl::OkStatus());
  ASSERT_EQ(store().Begin(Code(Ann(), 1)), absl::OkStatus());
  const std::string large(256 << 10, 'x');
  ASSERT_EQ(store().KeepResponse(Refresh(Ann(), 1), Answer(large)),
            absl::OkStatus());
  AttemptRecord expected = Refresh(Ann(), 1);
  *expected.mutable_response() = Answer(large);
  const auto open = Open(store());
  EXPECT_EQ(open.at("google/ann/refresh-attempt-").SerializeAsString(),
            expected.SerializeAsString());
  EXPECT_FALSE(open.at("google/ann/" + Hash(1)).has_response());
}

TEST_P(TokenStoreContract, KeepsAResponseOfAnOpenAttemptOnly) {
  Connect(store(), Ann());
  const auto keep = [this](const AttemptRecord& attempt) {
    return store().KeepResponse(attempt, Answer("answer")).code();
  };
  EXPECT_EQ(keep(Refresh(Ann(), 1)), StatusCode::kAborted);
  EXPECT_EQ(keep(Code(Ann(), 1)), StatusCode::kAborted);
  ASSERT_EQ(store().Begin(Refresh(Ann(), 1, "first")), absl::OkStatus());
  EXPECT_EQ(keep(Refresh(Ann(), 1, "second")), StatusCode::kAborted);
  ASSERT_EQ(store().Commit(Refresh(Ann(), 1, "first"), Record(Ann(), 2)),
            absl::OkStatus());
  EXPECT_EQ(keep(Refresh(Ann(), 1, "first")), StatusCode::kAborted);
  EXPECT_EQ(Open(store()).size(), 0u);
}

TEST_P(TokenStoreContract, CommitEndsTheAttemptAndReplacesTheConnection) {
  Connect(store(), Ann());
  ASSERT_EQ(store().Begin(Refresh(Ann(), 1)), absl::OkStatus());
  ASSERT_EQ(store().Begin(Code(Ann(), 1)), absl::OkStatus());
  ASSERT_EQ(store().Commit(Refresh(Ann(), 1), Record(Ann(), 2, At(60))),
            absl::OkStatus());
  EXPECT_EQ(store().Get(Ann())->SerializeAsString(),
            Record(Ann(), 2, At(60)).SerializeAsString());
  // The other attempt is still open.
  const auto open = Open(store());
  EXPECT_EQ(open.size(), 1u);
  EXPECT_EQ(open.count("google/ann/" + Hash(1)), 1u);
}

TEST_P(TokenStoreContract, CommitMovesThePlaceInTheDueIndex) {
  const std::optional<absl::Time> places[] = {At(60), At(60), At(30),
                                              std::nullopt, At(90)};
  Connect(store(), Ann(), 1, At(0));
  int64_t generation = 1;
  for (const std::optional<absl::Time>& place : places) {
    const AttemptRecord attempt = Refresh(Ann(), generation);
    ASSERT_EQ(store().Begin(attempt), absl::OkStatus());
    ASSERT_EQ(store().Commit(attempt, Record(Ann(), ++generation, place)),
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
      {Refresh(Ann(), 3), 3, 2, false},
      {Refresh(Ann(), 3), 3, 3, true},
      {Refresh(Ann(), 3), 3, 4, true},
      {Refresh(Ann(), 3), 3, 5, false},
      // Replaced by a new consent meanwhile.
      {Refresh(Ann(), 3), 4, 3, false},
      {Refresh(Ann(), 3), 4, 4, false},
      {Refresh(Ann(), 3), 4, 5, false},
      {Code(Ann(), 1), 0, 0, false},
      {Code(Ann(), 1), 0, 1, true},
      {Code(Ann(), 1), 0, 2, false},
      {Code(Ann(), 1), 3, 1, false},
      {Code(Ann(), 1), 3, 3, false},
      {Code(Ann(), 1), 3, 4, true},
      {Code(Ann(), 1), 3, 5, false},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(absl::StrCat("stored ", test.stored, " next ", test.next,
                              " kind ", test.attempt.kind()));
    const int64_t at_begin = test.attempt.generation();
    Connect(store(), Ann(), at_begin);
    ASSERT_EQ(store().Begin(test.attempt), absl::OkStatus());
    for (int64_t next = at_begin + 1; next <= test.stored; ++next) {
      ASSERT_EQ(store().Begin(Code(Ann(), 200)), absl::OkStatus());
      ASSERT_EQ(store().Commit(Code(Ann(), 200), Record(Ann(), next)),
                absl::OkStatus());
    }

    const std::string before = Everything(store());
    const absl::Status status =
        store().Commit(test.attempt, Record(Ann(), test.next, At(99)));
    if (test.follows) {
      EXPECT_EQ(status, absl::OkStatus());
      EXPECT_EQ(store().Get(Ann())->connection().generation(), test.next);
      EXPECT_EQ(Open(store()).size(), 0u);
    } else {
      EXPECT_EQ(status.code(), StatusCode::kAborted);
      EXPECT_EQ(Everything(store()), before);
    }
    // Clean for the next case.
    (void)store().Abandon(test.attempt);
    (void)store().Remove(Ann());
    ASSERT_EQ(Everything(store()), "");
  }
}

TEST_P(TokenStoreContract, CommitsOpenAttemptsOnly) {
  Connect(store(), Ann());
  const std::string before = Everything(store());
  EXPECT_EQ(store().Commit(Refresh(Ann(), 1), Record(Ann(), 2)).code(),
            StatusCode::kAborted);
  EXPECT_EQ(store().Commit(Code(Ann(), 1), Record(Ann(), 2)).code(),
            StatusCode::kAborted);
  EXPECT_EQ(Everything(store()), before);

  ASSERT_EQ(store().Begin(Refresh(Ann(), 1, "first")), absl::OkStatus());
  EXPECT_EQ(
      store().Commit(Refresh(Ann(), 1, "second"), Record(Ann(), 2)).code(),
      StatusCode::kAborted);
  ASSERT_EQ(store().Commit(Refresh(Ann(), 1, "first"), Record(Ann(), 2)),
            absl::OkStatus());
  EXPECT_EQ(store().Commit(Refresh(Ann(), 1, "first"), Record(Ann(), 2)).code(),
            StatusCode::kAborted);
}

TEST_P(TokenStoreContract, CommitsNoConnectionOfAnother) {
  ASSERT_EQ(store().Begin(Code(Ann(), 1)), absl::OkStatus());
  const std::string before = Everything(store());
  EXPECT_EQ(store().Commit(Code(Ann(), 1), Record({"google", "bob"}, 1)).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Everything(store()), before);
}

TEST_P(TokenStoreContract, AbandonEndsTheAttemptAndNothingElse) {
  Connect(store(), Ann());
  const std::string before = Everything(store());
  ASSERT_EQ(store().Begin(Refresh(Ann(), 1)), absl::OkStatus());
  ASSERT_EQ(store().Abandon(Refresh(Ann(), 1)), absl::OkStatus());
  EXPECT_EQ(Everything(store()), before);
}

TEST_P(TokenStoreContract, AbandonsWhatIsNotOpenInVain) {
  EXPECT_EQ(store().Abandon(Code(Ann(), 1)), absl::OkStatus());
  Connect(store(), Ann());
  ASSERT_EQ(store().Begin(Refresh(Ann(), 1, "first")), absl::OkStatus());
  const std::string before = Everything(store());
  EXPECT_EQ(store().Abandon(Refresh(Ann(), 1, "second")), absl::OkStatus());
  EXPECT_EQ(store().Abandon(Code(Ann(), 1)), absl::OkStatus());
  EXPECT_EQ(Everything(store()), before);
}

}  // namespace
}  // namespace tokenbroker
