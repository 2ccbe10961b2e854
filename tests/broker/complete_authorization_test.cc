// SPDX-License-Identifier: Apache-2.0
#include "broker/complete_authorization.h"

#include <string>

#include "absl/strings/match.h"
#include "broker/errors.h"
#include "broker/proto_time.h"
#include "gtest/gtest.h"
#include "tests/world.h"

namespace tokenbroker {
namespace {

// The callback of an authorization just started.
v1::CompleteAuthorizationRequest Callback(World& world,
                                          absl::string_view subject = "alice") {
  v1::CompleteAuthorizationRequest callback;
  callback.set_state(world.Start(World::StartRequest(subject))->state());
  callback.set_code("code-1");
  callback.set_iss("https://acme.test");
  return callback;
}

std::string ReasonFor(World& world,
                      const v1::CompleteAuthorizationRequest& callback,
                      absl::string_view caller = "anonymous") {
  const auto connection = world.Complete(callback, caller);
  return connection.ok() ? "OK" : ReasonName(ReasonOf(connection.status()));
}

TEST(CompleteAuthorizationTest, MakesAnActiveConnectionOfGenerationOne) {
  World world;
  const auto callback = Callback(world);
  world.http.Answer(200, World::Tokens("at-1", "rt-1"));
  const auto connection = world.Complete(callback);
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_EQ(connection->provider(), "acme");
  EXPECT_EQ(connection->subject(), "alice");
  EXPECT_EQ(connection->state(), v1::Connection::STATE_ACTIVE);
  EXPECT_EQ(connection->generation(), 1);
  EXPECT_EQ(FromProto(connection->create_time()), world.clock.TimeNow());
  EXPECT_EQ(FromProto(connection->expire_time()),
            world.clock.TimeNow() + absl::Hours(1));
}

TEST(CompleteAuthorizationTest, SendsTheCodeWithItsVerifierAndRedirectUri) {
  World world;
  const auto callback = Callback(world);
  world.http.Answer(200, World::Tokens("at-1", "rt-1"));
  ASSERT_TRUE(world.Complete(callback).ok());
  const std::string body = world.http.sent().back().body;
  EXPECT_TRUE(absl::StrContains(body, "grant_type=authorization_code"));
  EXPECT_TRUE(absl::StrContains(body, "code=code-1"));
  EXPECT_TRUE(absl::StrContains(body, "code_verifier="));
  EXPECT_TRUE(absl::StrContains(
      body, "redirect_uri=https%3A%2F%2Fapp.test%2Fcallback"));
}

TEST(CompleteAuthorizationTest, RenewsAConnectionUnderAHigherGeneration) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(1));
  const auto callback = Callback(world);
  world.http.Answer(200, World::Tokens("at-9", "rt-9"));
  const auto connection = world.Complete(callback);
  EXPECT_EQ(connection->generation(), 2);
  EXPECT_LT(FromProto(connection->create_time()), world.clock.TimeNow());
  EXPECT_EQ(world.GetText(), "at-9");
}

TEST(CompleteAuthorizationTest, KeepsTheOldTokensWhenTheNewCodeFails) {
  World world;
  world.Connect();
  const auto callback = Callback(world);
  world.http.Answer(400, R"({"error":"invalid_grant"})");
  EXPECT_EQ(ReasonFor(world, callback), "CODE_REJECTED");
  EXPECT_EQ(world.GetText(), "at-1");
}

TEST(CompleteAuthorizationTest, AStateCompletesOnceOnly) {
  World world;
  const auto callback = Callback(world);
  world.http.Answer(200, World::Tokens("at-1", "rt-1"));
  EXPECT_EQ(ReasonFor(world, callback), "OK");
  EXPECT_EQ(ReasonFor(world, callback), "AUTHORIZATION_NOT_FOUND");
  EXPECT_EQ(world.http.sent().size(), 1u);
}

TEST(CompleteAuthorizationTest, RefusesAForgedState) {
  World world;
  auto callback = Callback(world);
  std::string state = callback.state();
  state[0] = state[0] == 'A' ? 'B' : 'A';
  callback.set_state(state);
  EXPECT_EQ(ReasonFor(world, callback), "AUTHORIZATION_NOT_FOUND");
}

TEST(CompleteAuthorizationTest, RefusesAndSpendsAnotherCallersState) {
  World world;
  const auto callback = Callback(world);
  EXPECT_EQ(ReasonFor(world, callback, "spiffe://example.test/thief"),
            "AUTHORIZATION_NOT_FOUND");
  EXPECT_EQ(ReasonFor(world, callback), "AUTHORIZATION_NOT_FOUND");
  EXPECT_TRUE(world.http.sent().empty());
}

TEST(CompleteAuthorizationTest, SpendsNothingWhileNothingCanBeStored) {
  World world;
  const auto callback = Callback(world);
  world.store.SetWritable(false);
  EXPECT_EQ(ReasonFor(world, callback), "STORAGE_UNAVAILABLE");
  world.store.SetWritable(true);
  world.http.Answer(200, World::Tokens("at-1", "rt-1"));
  EXPECT_EQ(ReasonFor(world, callback), "OK");
}

TEST(CompleteAuthorizationTest, ExpiresTenMinutesAfterTheStart) {
  World world;
  auto callback = Callback(world);
  world.clock.Advance(absl::Minutes(10));
  EXPECT_EQ(ReasonFor(world, callback), "AUTHORIZATION_EXPIRED");
  callback = Callback(world);
  world.clock.Advance(absl::Minutes(10) - absl::Microseconds(1));
  world.http.Answer(200, World::Tokens("at-1", "rt-1"));
  EXPECT_EQ(ReasonFor(world, callback), "OK");
}

TEST(CompleteAuthorizationTest, ComparesTheIssuerExactly) {
  for (const std::string iss : {"https://acme.test/", "https://ACME.test",
                                "http://acme.test", "https://evil.test"}) {
    World world;
    auto callback = Callback(world);
    callback.set_iss(iss);
    EXPECT_EQ(ReasonFor(world, callback), "ISSUER_MISMATCH") << iss;
    EXPECT_TRUE(world.http.sent().empty()) << iss;
  }
}

TEST(CompleteAuthorizationTest, ReportsTheProvidersRefusalByItsCodeOnly) {
  World world;
  auto callback = Callback(world);
  callback.clear_code();
  callback.set_error("access_denied");
  callback.set_error_description("secret-text");
  const auto connection = world.Complete(callback);
  EXPECT_EQ(ReasonOf(connection.status()),
            v1::ERROR_REASON_AUTHORIZATION_DENIED);
  EXPECT_TRUE(
      absl::StrContains(connection.status().ToString(), "access_denied"));
  EXPECT_FALSE(
      absl::StrContains(connection.status().ToString(), "secret-text"));
  EXPECT_FALSE(absl::StrContains(world.log_text(), "secret-text"));
  EXPECT_TRUE(world.http.sent().empty());
}

TEST(CompleteAuthorizationTest, AnErrorWinsOverACode) {
  World world;
  auto callback = Callback(world);
  callback.set_error("access_denied");
  EXPECT_EQ(ReasonFor(world, callback), "AUTHORIZATION_DENIED");
  EXPECT_TRUE(world.http.sent().empty());
}

TEST(CompleteAuthorizationTest, TellsWhyACodeBroughtNothing) {
  const struct {
    absl::Status failure;
    int status;
    std::string body;
    std::string reason;
  } kCases[] = {
      {absl::UnavailableError("refused"), 0, "", "PROVIDER_UNAVAILABLE"},
      {absl::UnknownError("reset"), 0, "", "PROVIDER_UNAVAILABLE"},
      {absl::OkStatus(), 500, "oops", "PROVIDER_UNAVAILABLE"},
      {absl::OkStatus(), 502, "<html>", "PROVIDER_UNAVAILABLE"},
      {absl::OkStatus(), 503, "", "PROVIDER_UNAVAILABLE"},
      {absl::OkStatus(), 429, "", "PROVIDER_UNAVAILABLE"},
      {absl::OkStatus(), 302, "", "PROVIDER_UNAVAILABLE"},
      {absl::OkStatus(), 200, "<html>", "PROVIDER_RESPONSE_INVALID"},
      {absl::OkStatus(), 200, "{}", "PROVIDER_RESPONSE_INVALID"},
      {absl::OkStatus(), 400, R"({"error":"invalid_grant"})", "CODE_REJECTED"},
      {absl::OkStatus(), 401, R"({"error":"invalid_client"})",
       "PROVIDER_MISCONFIGURED"},
  };
  for (const auto& test : kCases) {
    World world;
    const auto callback = Callback(world);
    if (test.status == 0) {
      world.http.Fail(test.failure);
    } else {
      world.http.Answer(test.status, test.body);
    }
    EXPECT_EQ(ReasonFor(world, callback), test.reason)
        << test.status << " " << test.body;
    EXPECT_EQ(world.http.sent().size(), 1u);
    EXPECT_TRUE(world.memory.OpenAttempts()->empty());
    EXPECT_EQ(world.GetText(), "CONNECTION_NOT_FOUND");
  }
}

TEST(CompleteAuthorizationTest, WritesNoSecretIntoTheLog) {
  World world;
  world.Connect();
  for (const std::string secret : {"at-1", "rt-1", "code-1"}) {
    EXPECT_FALSE(absl::StrContains(world.log_text(), secret)) << secret;
  }
}

}  // namespace
}  // namespace tokenbroker
