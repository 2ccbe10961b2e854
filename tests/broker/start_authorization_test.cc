// SPDX-License-Identifier: Apache-2.0
#include "broker/start_authorization.h"

#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "broker/errors.h"
#include "broker/proto_time.h"
#include "broker/sealing.h"
#include "gtest/gtest.h"
#include "tests/world.h"

namespace tokenbroker {
namespace {

std::string ReasonFor(World& world,
                      const v1::StartAuthorizationRequest& request) {
  const auto response = world.Start(request);
  return response.ok() ? "OK" : ReasonName(ReasonOf(response.status()));
}

TEST(StartAuthorizationTest, SendsTheUserToTheProviderWithPkceAndState) {
  World world;
  const auto response = world.Start(World::StartRequest());
  ASSERT_TRUE(response.ok()) << response.status();
  const std::string& url = response->authorization_url();
  EXPECT_TRUE(absl::StartsWith(url, "https://acme.test/authorize?")) << url;
  EXPECT_TRUE(absl::StrContains(url, "response_type=code")) << url;
  EXPECT_TRUE(absl::StrContains(url, "client_id=client")) << url;
  EXPECT_TRUE(absl::StrContains(url, "code_challenge_method=S256")) << url;
  EXPECT_TRUE(absl::StrContains(url, "code_challenge=")) << url;
  EXPECT_TRUE(absl::StrContains(url, absl::StrCat("state=", response->state())))
      << url;
  EXPECT_TRUE(absl::StrContains(url, "scope=calendar")) << url;
}

TEST(StartAuthorizationTest, StatesHave256BitsAndDiffer) {
  World world;
  const auto first = world.Start(World::StartRequest());
  const auto second = world.Start(World::StartRequest());
  EXPECT_EQ(first->state().size(), 43u);  // base64url of 32 bytes
  EXPECT_NE(first->state(), second->state());
}

TEST(StartAuthorizationTest, ExpiresInTenMinutes) {
  World world;
  const auto response = world.Start(World::StartRequest());
  EXPECT_EQ(FromProto(response->expire_time()),
            world.clock.TimeNow() + absl::Minutes(10));
}

TEST(StartAuthorizationTest, KeepsTheVerifierSealedUnderAHashOfTheState) {
  World world;
  const auto response = world.Start(World::StartRequest());
  const auto authorization =
      world.memory.Take(StateHash(*world.keyring, response->state()));
  ASSERT_TRUE(authorization.ok()) << authorization.status();
  EXPECT_FALSE(
      absl::StrContains(authorization->SerializeAsString(), response->state()));
  EXPECT_FALSE(authorization->secrets().ciphertext().empty());
}

TEST(StartAuthorizationTest, AsksForANonceWhenOpenidIsAsked) {
  World world;
  v1::StartAuthorizationRequest request = World::StartRequest();
  EXPECT_FALSE(
      absl::StrContains(world.Start(request)->authorization_url(), "nonce="));
  request.add_scopes("openid");
  EXPECT_TRUE(
      absl::StrContains(world.Start(request)->authorization_url(), "nonce="));
}

TEST(StartAuthorizationTest, TakesOnlyAConfiguredRedirectUriByteForByte) {
  World world;
  for (const std::string uri : {
           "https://app.test/callback/",
           "https://app.test/Callback",
           "https://APP.test/callback",
           "https://app.test:443/callback",
           "https://user@app.test/callback",
           "https://app.test/callback#",
           "https://app.test/callback?x=1",
           "https://app.test/callback%0d%0a",
           "http://app.test/callback",
           "https://app.test.evil.test/callback",
           "//app.test/callback",
           "javascript:alert(1)",
       }) {
    v1::StartAuthorizationRequest request = World::StartRequest();
    request.set_redirect_uri(uri);
    EXPECT_EQ(ReasonFor(world, request), "INVALID_FIELD") << uri;
  }
}

TEST(StartAuthorizationTest, TakesOnlyAllowedExtraParameters) {
  World world;
  v1::StartAuthorizationRequest request = World::StartRequest();
  (*request.mutable_extra_params())["prompt"] = "consent";
  EXPECT_TRUE(absl::StrContains(world.Start(request)->authorization_url(),
                                "prompt=consent"));
  for (const std::string name :
       {"state", "redirect_uri", "response_type", "client_id", "scope",
        "code_challenge", "code_challenge_method", "nonce", "request",
        "request_uri", "State", "anything"}) {
    v1::StartAuthorizationRequest evil = World::StartRequest();
    (*evil.mutable_extra_params())[name] = "x";
    EXPECT_EQ(ReasonFor(world, evil), "INVALID_FIELD") << name;
  }
}

TEST(StartAuthorizationTest, SaysThatAProviderIsNotConfigured) {
  World world;
  v1::StartAuthorizationRequest request = World::StartRequest();
  request.set_provider("gogle");
  EXPECT_EQ(ReasonFor(world, request), "PROVIDER_NOT_FOUND");
}

TEST(StartAuthorizationTest, GivesNoUrlForWhatCouldNotBeRemembered) {
  World world;
  world.store.FailWritesFrom(0);
  EXPECT_EQ(ReasonFor(world, World::StartRequest()), "STORAGE_UNAVAILABLE");
}

TEST(StartAuthorizationTest, AsksForNoNonceThatWouldNotComeBack) {
  for (const char* id_token : {"without_nonce", "ignored"}) {
    World world(config::v1::ROTATION_STRICT,
                World::Settings(absl::StrCat("id_token: ", id_token)));
    v1::StartAuthorizationRequest request = World::StartRequest();
    request.add_scopes("openid");
    const auto response = world.Start(request);
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_FALSE(absl::StrContains(response->authorization_url(), "nonce="));
    const auto state_hash = StateHash(*world.keyring, response->state());
    const auto secrets = OpenAuthorizationSecrets(
        *world.keyring, state_hash, world.memory.Take(state_hash)->secrets());
    EXPECT_EQ(secrets->nonce(), "");
  }
}

constexpr char kShops[] = R"(
authorization_endpoint: "https://{shop}.acme.test/authorize"
attributes:
- {name: shop, pattern: "[a-z]+"}
caller_variables: [shop]
)";

TEST(StartAuthorizationTest, PutsTheCallersVariablesIntoTheUrlAndKeepsThem) {
  World world(config::v1::ROTATION_STRICT, World::Settings(kShops));
  v1::StartAuthorizationRequest request = World::StartRequest();
  (*request.mutable_variables())["shop"] = "tea";
  const auto response = world.Start(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_TRUE(absl::StartsWith(response->authorization_url(),
                               "https://tea.acme.test/authorize?"));
  const auto authorization =
      world.memory.Take(StateHash(*world.keyring, response->state()));
  EXPECT_EQ(authorization->attributes().at("shop"), "tea");
}

TEST(StartAuthorizationTest, TakesExactlyTheVariablesThatAreLeftToCallers) {
  World world(config::v1::ROTATION_STRICT, World::Settings(kShops));
  const std::map<std::string, std::string> cases[] = {
      {}, {{"shop", "T"}}, {{"shop", "tea"}, {"other", "x"}}, {{"other", "x"}}};
  for (const auto& variables : cases) {
    v1::StartAuthorizationRequest request = World::StartRequest();
    request.mutable_variables()->insert(variables.begin(), variables.end());
    EXPECT_EQ(ReasonFor(world, request), "INVALID_FIELD");
  }
}

TEST(StartAuthorizationTest, BlamesTheConfigurationForAUrlThatCannotBeMade) {
  // What stands in the endpoint is known only after it was asked.
  World world(config::v1::ROTATION_STRICT, World::Settings(R"(
authorization_endpoint: "https://{shop}.acme.test/authorize"
attributes:
- {name: shop, pattern: "[a-z]+", answer_member: shop}
)"));
  EXPECT_EQ(ReasonFor(world, World::StartRequest()), "PROVIDER_MISCONFIGURED");
  EXPECT_TRUE(absl::StrContains(world.log_text(), "request_not_made"));
  EXPECT_EQ(*world.memory.ForgetExpired(absl::InfiniteFuture(), 9), 0);
}

}  // namespace
}  // namespace tokenbroker
