// SPDX-License-Identifier: Apache-2.0
#include "broker/sealing.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "tests/fakes/counting_random.h"
#include "tests/status_matchers.h"
#include "tests/test_keyring.h"

namespace tokenbroker {
namespace {

using absl::StatusCode;
using absl_testing::IsOk;
using absl_testing::StatusIs;
using storage::v1::AttemptRecord;
using storage::v1::AuthorizationSecrets;
using storage::v1::ConnectionRecord;
using storage::v1::Sealed;

ConnectionRecord Record(const std::string& provider = "google",
                        const std::string& subject = "alice",
                        int64_t generation = 7) {
  ConnectionRecord record;
  record.mutable_connection()->set_provider(provider);
  record.mutable_connection()->set_subject(subject);
  record.mutable_connection()->set_generation(generation);
  return record;
}

AttemptRecord Attempt() {
  AttemptRecord attempt;
  attempt.set_id("0123456789abcdef");
  attempt.set_kind(AttemptRecord::KIND_REFRESH);
  attempt.set_provider("google");
  attempt.set_subject("alice");
  attempt.set_generation(7);
  return attempt;
}

HttpResponse Response(absl::string_view body) {
  HttpResponse response;
  response.status = 429;
  response.content_type = "application/json";
  response.retry_after = "120";
  response.body = Secret(body);
  return response;
}

class SealingTest : public testing::Test {
 protected:
  // `record` with at-1 and rt-1 sealed into it.
  ConnectionRecord WithTokens(ConnectionRecord record) {
    SealTokens(*keyring_, Secret("at-1"), Secret("rt-1"), &record);
    return record;
  }
  // With the tokens of another record in it.
  static ConnectionRecord Moved(const ConnectionRecord& tokens,
                                ConnectionRecord record) {
    *record.mutable_access_token() = tokens.access_token();
    *record.mutable_refresh_token() = tokens.refresh_token();
    return record;
  }

  CountingRandom random_;
  const std::unique_ptr<const Keyring> keyring_ = TestKeyring(random_);
};

TEST_F(SealingTest, OpensTheTokensItSealed) {
  const ConnectionRecord record = WithTokens(Record());
  const auto access_token = OpenAccessToken(*keyring_, record);
  ASSERT_THAT(access_token, IsOk());
  EXPECT_EQ(access_token->Reveal(), "at-1");
  const auto refresh_token = OpenRefreshToken(*keyring_, record);
  ASSERT_THAT(refresh_token, IsOk());
  EXPECT_EQ(refresh_token->Reveal(), "rt-1");
}

TEST_F(SealingTest, LeavesNoTokenInTheRecordsBytes) {
  ConnectionRecord record = Record();
  SealTokens(*keyring_, Secret("an-access-token"), Secret("a-refresh-token"),
             &record);
  const std::string bytes = record.SerializeAsString();
  EXPECT_FALSE(absl::StrContains(bytes, "an-access-token"));
  EXPECT_FALSE(absl::StrContains(bytes, "a-refresh-token"));
}

TEST_F(SealingTest, LeavesARecordWithoutARefreshTokenIfThereIsNone) {
  ConnectionRecord record = WithTokens(Record());
  SealTokens(*keyring_, Secret("at-2"), std::nullopt, &record);
  EXPECT_FALSE(record.has_refresh_token());
  EXPECT_THAT(OpenRefreshToken(*keyring_, record),
              StatusIs(StatusCode::kNotFound));
  EXPECT_EQ(OpenAccessToken(*keyring_, record)->Reveal(), "at-2");
}

TEST_F(SealingTest, FindsNoTokenInARecordThatHasNone) {
  EXPECT_THAT(OpenAccessToken(*keyring_, Record()),
              StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(OpenRefreshToken(*keyring_, Record()),
              StatusIs(StatusCode::kNotFound));
}

TEST_F(SealingTest, OpensATokenInItsOwnPlaceOnly) {
  const ConnectionRecord sealed = WithTokens(Record());
  const struct {
    const char* what;
    ConnectionRecord elsewhere;
  } cases[] = {
      {"another provider", Record("kakao", "alice", 7)},
      {"another subject", Record("google", "bob", 7)},
      {"an older generation", Record("google", "alice", 6)},
      {"a newer generation", Record("google", "alice", 8)},
      {"a byte moved from subject to provider", Record("googlea", "lice", 7)},
      {"a byte moved from provider to subject", Record("googl", "ealice", 7)},
      {"a subject that ends like the next field",
       Record("google", "alice12:access_token", 7)},
  };
  for (const auto& test : cases) {
    const ConnectionRecord moved = Moved(sealed, test.elsewhere);
    EXPECT_THAT(OpenAccessToken(*keyring_, moved),
                StatusIs(StatusCode::kDataLoss))
        << test.what;
    EXPECT_THAT(OpenRefreshToken(*keyring_, moved),
                StatusIs(StatusCode::kDataLoss))
        << test.what;
  }
}

TEST_F(SealingTest, DoesNotTakeARefreshTokenForAnAccessToken) {
  ConnectionRecord record = WithTokens(Record());
  record.mutable_access_token()->Swap(record.mutable_refresh_token());
  EXPECT_THAT(OpenAccessToken(*keyring_, record),
              StatusIs(StatusCode::kDataLoss));
  EXPECT_THAT(OpenRefreshToken(*keyring_, record),
              StatusIs(StatusCode::kDataLoss));
}

TEST_F(SealingTest, HashesAStateTo32BytesThatDoNotTellIt) {
  const std::string hash = StateHash(*keyring_, "a-state");
  EXPECT_EQ(hash.size(), 32u);
  EXPECT_EQ(StateHash(*keyring_, "a-state"), hash);
  EXPECT_NE(StateHash(*keyring_, "another-state"), hash);
  EXPECT_FALSE(absl::StrContains(hash, "a-state"));
}

TEST_F(SealingTest, OpensAuthorizationSecretsUnderTheirStateOnly) {
  AuthorizationSecrets secrets;
  secrets.set_code_verifier("a-verifier");
  secrets.set_nonce("a-nonce");
  const Sealed sealed = SealAuthorizationSecrets(*keyring_, "hash-1", secrets);
  EXPECT_FALSE(absl::StrContains(sealed.SerializeAsString(), "a-verifier"));
  EXPECT_FALSE(absl::StrContains(sealed.SerializeAsString(), "a-nonce"));
  const auto opened = OpenAuthorizationSecrets(*keyring_, "hash-1", sealed);
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->code_verifier(), "a-verifier");
  EXPECT_EQ(opened->nonce(), "a-nonce");
  EXPECT_THAT(OpenAuthorizationSecrets(*keyring_, "hash-2", sealed),
              StatusIs(StatusCode::kDataLoss));
}

TEST_F(SealingTest, OpensAnAnswerAsItCame) {
  const std::string bodies[] = {"", R"({"access_token":"at"})",
                                std::string("\0\xff\xfe{", 4),
                                std::string(kMaxResponseBytes, 'x')};
  for (const std::string& body : bodies) {
    AttemptRecord attempt = Attempt();
    *attempt.mutable_response() =
        SealResponse(*keyring_, attempt, Response(body));
    const auto opened = OpenResponse(*keyring_, attempt);
    ASSERT_THAT(opened, IsOk());
    EXPECT_EQ(opened->status, 429);
    EXPECT_EQ(opened->content_type, "application/json");
    EXPECT_EQ(opened->retry_after, "120");
    EXPECT_TRUE(opened->body.Matches(body));
  }
}

TEST_F(SealingTest, LeavesNothingOfAnAnswerInTheAttemptsBytes) {
  const Sealed sealed =
      SealResponse(*keyring_, Attempt(), Response("a-refresh-token"));
  EXPECT_FALSE(
      absl::StrContains(sealed.SerializeAsString(), "a-refresh-token"));
}

TEST_F(SealingTest, OpensAnAnswerOfItsOwnAttemptOnly) {
  const Sealed sealed = SealResponse(*keyring_, Attempt(), Response("body"));
  std::vector<AttemptRecord> others(4, Attempt());
  others[0].set_provider("kakao");
  others[1].set_subject("bob");
  others[2].set_id("fedcba9876543210");
  others[3].set_generation(8);
  for (AttemptRecord& other : others) {
    *other.mutable_response() = sealed;
    EXPECT_THAT(OpenResponse(*keyring_, other), StatusIs(StatusCode::kDataLoss))
        << other.ShortDebugString();
  }
}

TEST_F(SealingTest, OpensNoAnswerWhereNoneWasKept) {
  EXPECT_FALSE(OpenResponse(*keyring_, Attempt()).ok());
}

TEST_F(SealingTest, OpensNothingInAnotherTable) {
  const ConnectionRecord record = WithTokens(Record());
  AttemptRecord attempt = Attempt();
  *attempt.mutable_response() = record.access_token();
  EXPECT_THAT(OpenResponse(*keyring_, attempt),
              StatusIs(StatusCode::kDataLoss));
  EXPECT_THAT(
      OpenAuthorizationSecrets(*keyring_, attempt.id(), record.access_token()),
      StatusIs(StatusCode::kDataLoss));
  const Sealed answer = SealResponse(*keyring_, Attempt(), Response("body"));
  EXPECT_THAT(OpenAuthorizationSecrets(*keyring_, attempt.id(), answer),
              StatusIs(StatusCode::kDataLoss));
}

}  // namespace
}  // namespace tokenbroker
