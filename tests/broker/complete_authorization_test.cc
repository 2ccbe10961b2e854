// SPDX-License-Identifier: Apache-2.0
#include "broker/complete_authorization.h"

#include <future>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "broker/errors.h"
#include "broker/proto_time.h"
#include "gtest/gtest.h"
#include "tests/world.h"

namespace tokenbroker {
namespace {

// The callback of an authorization just started.
v1::CompleteAuthorizationRequest Callback(World& world) {
  v1::CompleteAuthorizationRequest callback = world.Callback();
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

// --- What the callback says besides ---

constexpr char kRealms[] = R"(
token_endpoint: "https://{realm}.acme.test/token"
attributes:
- {name: realm, pattern: "[a-z0-9]+", callback_param: realmId}
- {name: user, callback_param: user}
- {name: instance, answer_member: team.id}
)";

TEST(CompleteAuthorizationTest, KeepsWhatCallbackAndAnswerSay) {
  World world(config::v1::ROTATION_STRICT, World::Settings(kRealms));
  auto callback = Callback(world);
  (*callback.mutable_other_params())["realmId"] = "r1";
  (*callback.mutable_other_params())["user"] = "Ann";
  (*callback.mutable_other_params())["else"] = "x";
  world.http.Answer(200, R"({"access_token":"at-1","team":{"id":7}})");
  auto connection = world.Complete(callback);
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_EQ(world.http.sent().back().url, "https://r1.acme.test/token");
  const auto of = [](const v1::Connection& c) {
    return Attributes(c.attributes().begin(), c.attributes().end());
  };
  EXPECT_EQ(of(*connection),
            (Attributes{{"realm", "r1"}, {"user", "Ann"}, {"instance", "7"}}));
  // Some say it only once.
  callback = Callback(world);
  (*callback.mutable_other_params())["realmId"] = "r2";
  world.http.Answer(200, R"({"access_token":"at-1"})");
  connection = world.Complete(callback);
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_EQ(of(*connection),
            (Attributes{{"realm", "r2"}, {"user", "Ann"}, {"instance", "7"}}));
}

TEST(CompleteAuthorizationTest, RefusesACallbackThatSaysSomethingElse) {
  for (const std::string shop : {"coffee", "T/E/A"}) {
    World world(config::v1::ROTATION_STRICT, World::Settings(R"(
attributes:
- {name: shop, pattern: "[a-z]+", callback_param: shop}
caller_variables: [shop]
)"));
    auto start = World::StartRequest();
    (*start.mutable_variables())["shop"] = "tea";
    auto callback = world.Callback(start);
    (*callback.mutable_other_params())["shop"] = shop;
    EXPECT_EQ(ReasonFor(world, callback), "CALLBACK_REJECTED");
    (*callback.mutable_other_params())["shop"] = "tea";
    EXPECT_EQ(ReasonFor(world, callback), "AUTHORIZATION_NOT_FOUND");
    EXPECT_TRUE(world.http.sent().empty());
    EXPECT_TRUE(absl::StrContains(world.log_text(), "CALLBACK_REJECTED"));
  }
}

TEST(CompleteAuthorizationTest, TakesNoUnsignedCallbackOfOneWhoSigns) {
  for (const bool is_error : {false, true}) {
    config::v1::Provider settings;
    settings.set_callback_signature(config::v1::CALLBACK_SIGNATURE_HMAC_SHA256);
    World world(config::v1::ROTATION_STRICT, settings);
    auto callback = Callback(world);
    if (is_error) callback.set_error("access_denied");
    EXPECT_EQ(ReasonFor(world, callback), "CALLBACK_REJECTED");
    EXPECT_TRUE(world.http.sent().empty());
  }
}

TEST(CompleteAuthorizationTest, ADenialNeedsNothingElse) {
  World world(config::v1::ROTATION_STRICT, World::Settings(kRealms));
  auto callback = Callback(world);
  callback.set_error("access_denied");
  (*callback.mutable_other_params())["realmId"] = "-";
  EXPECT_EQ(ReasonFor(world, callback), "AUTHORIZATION_DENIED");
}

TEST(CompleteAuthorizationTest, SendsNoCodeWhereNobodyKnowsWhereTo) {
  World world(config::v1::ROTATION_STRICT, World::Settings(kRealms));
  EXPECT_EQ(ReasonFor(world, Callback(world)), "PROVIDER_MISCONFIGURED");
  EXPECT_TRUE(world.http.sent().empty());
  EXPECT_TRUE(world.memory.OpenAttempts()->empty());
}

TEST(CompleteAuthorizationTest, TellsWhatWasNotGrantedAndWhenTheGrantEnds) {
  World world(config::v1::ROTATION_STRICT,
              World::Settings("absolute_lifetime: 100h"));
  auto start = World::StartRequest();
  start.add_scopes("calendar");
  start.add_scopes("mail");
  const auto callback = world.Callback(start);
  world.http.Answer(200, R"({"access_token":"at-1","scope":"calendar"})");
  const auto connection = world.Complete(callback);
  ASSERT_TRUE(connection.ok()) << connection.status();
  ASSERT_EQ(connection->scopes_not_granted_size(), 1);
  EXPECT_EQ(connection->scopes_not_granted(0), "mail");
  EXPECT_EQ(FromProto(connection->grant_expire_time()),
            world.clock.TimeNow() + absl::Hours(100));
}

// --- Several pairs of tokens ---

constexpr char kPairs[] = R"(
answer:
  named_tokens:
  - {name: user, at: authed_user}
attributes:
- {name: team, answer_member: team}
)";

std::string Pairs(absl::string_view bot, absl::string_view user) {
  return absl::StrCat(
      R"({"access_token":"at-)", bot, R"(","refresh_token":"rt-)", bot,
      R"(","expires_in":3600,"team":"T","scope":"bot","authed_user":{)",
      R"("access_token":"at-)", user, R"(","refresh_token":"rt-)", user,
      R"(","expires_in":7200,"scope":"chat"}})");
}

TEST(CompleteAuthorizationTest, EachPairOfTokensIsServedUnderItsName) {
  World world(config::v1::ROTATION_STRICT, World::Settings(kPairs));
  const auto callback = Callback(world);
  world.http.Answer(200, Pairs("b1", "u1"));
  const auto connection = world.Complete(callback);
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_EQ(connection->token_name(), "");
  EXPECT_EQ(world.GetText(), "at-b1");
  EXPECT_EQ(world.GetText(World::Named("user")), "at-u1");
  EXPECT_EQ(world.GetText(World::Named("other")), "CONNECTION_NOT_FOUND");
  const auto user = world.Read(World::Named("user"));
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_EQ(user->subject(), "alice");
  EXPECT_EQ(user->token_name(), "user");
  EXPECT_EQ(user->generation(), 1);
  EXPECT_EQ(user->scopes(0), "chat");
  EXPECT_EQ(user->scopes_not_granted_size(), 0);
  EXPECT_EQ(user->attributes().at("team"), "T");
  EXPECT_EQ(FromProto(user->expire_time()),
            world.clock.TimeNow() + absl::Hours(2));
  EXPECT_TRUE(world.memory.OpenAttempts()->empty());
}

TEST(CompleteAuthorizationTest, EachPairIsRenewedByAConsentAndRefreshedAlone) {
  World world(config::v1::ROTATION_STRICT, World::Settings(kPairs));
  auto callback = Callback(world);
  world.http.Answer(200, Pairs("b1", "u1"));
  ASSERT_TRUE(world.Complete(callback).ok());
  callback = Callback(world);
  world.http.Answer(200, Pairs("b2", "u2"));
  ASSERT_TRUE(world.Complete(callback).ok());
  EXPECT_EQ(world.GetText(), "at-b2");
  EXPECT_EQ(world.GetText(World::Named("user")), "at-u2");
  EXPECT_EQ(world.Record(World::Named("user")).connection().generation(), 2);
  world.clock.Advance(absl::Hours(3));
  world.http.Answer(200, World::Tokens("at-u3", "rt-u3"));
  EXPECT_EQ(world.GetText(World::Named("user")), "at-u3");
  EXPECT_TRUE(absl::StrContains(world.http.sent().back().body, "=rt-u2"));
  EXPECT_EQ(world.Record().connection().generation(), 2);
}

TEST(CompleteAuthorizationTest, SpendsNoCodeBesideARefreshOfAPair) {
  World world(config::v1::ROTATION_STRICT, World::Settings(kPairs));
  auto callback = Callback(world);
  world.http.Answer(200, Pairs("b1", "u1"));
  ASSERT_TRUE(world.Complete(callback).ok());
  callback = Callback(world);
  std::promise<void> release;
  world.http.AnswerAfter(release.get_future().share(),
                         World::Tokens("at-u2", "rt-u2"));
  world.http.Answer(200, Pairs("b3", "u3"));
  std::promise<void> got;
  world.broker->get_access_token.Get(
      World::Key(World::Named("user")), {.rejected = Secret("at-u1")},
      [&](const GetAccessToken::Answer&) { got.set_value(); });
  while (world.http.sent().size() < 2) std::this_thread::yield();
  std::promise<absl::StatusOr<v1::Connection>> completed;
  world.broker->complete_authorization.Complete(
      "anonymous", callback, [&](const CompleteAuthorization::Answer& answer) {
        completed.set_value(answer);
      });
  release.set_value();
  got.get_future().wait();
  EXPECT_TRUE(completed.get_future().get().ok());
  EXPECT_EQ(world.GetText(World::Named("user")), "at-u3");
  EXPECT_EQ(world.Record(World::Named("user")).connection().generation(), 3);
}

TEST(CompleteAuthorizationTest, APairThatComesNoMoreStaysAsItIs) {
  World world(config::v1::ROTATION_STRICT, World::Settings(kPairs));
  auto callback = Callback(world);
  world.http.Answer(200, Pairs("b1", "u1"));
  ASSERT_TRUE(world.Complete(callback).ok());
  world.Connect("alice", "rt-b2", "at-b2");
  EXPECT_EQ(world.GetText(), "at-b2");
  EXPECT_EQ(world.GetText(World::Named("user")), "at-u1");
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
