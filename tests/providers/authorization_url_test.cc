// SPDX-License-Identifier: Apache-2.0
#include "providers/authorization_url.h"

#include <string>

#include "absl/strings/ascii.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

config::v1::Provider Settings() {
  config::v1::Provider settings;
  settings.set_client_id("app 1");
  settings.set_authorization_endpoint("https://as.test/authorize");
  return settings;
}

AuthorizationUrlParams Params() {
  return {.redirect_uri = "https://app.test/cb?x=1",
          .scopes = {"openid", "calendar.read"},
          .state = "st-1",
          .code_challenge = "ch-1"};
}

std::string Url(const config::v1::Provider& settings,
                const AuthorizationUrlParams& params) {
  const auto url = BuildAuthorizationUrl(settings, params);
  return url.ok() ? *url : url.status().ToString();
}

TEST(AuthorizationUrlTest, PutsParametersInAFixedOrder) {
  EXPECT_EQ(Url(Settings(), Params()),
            "https://as.test/authorize?response_type=code&client_id=app%201"
            "&redirect_uri=https%3A%2F%2Fapp.test%2Fcb%3Fx%3D1"
            "&scope=openid%20calendar.read&state=st-1&code_challenge=ch-1"
            "&code_challenge_method=S256");
}

TEST(AuthorizationUrlTest, EndsWithWhatIsOptional) {
  AuthorizationUrlParams params = Params();
  params.scopes.clear();
  params.nonce = "n-1";
  params.login_hint = "ann@example.org";
  params.extra_params = {{"prompt", "consent"}, {"hd", "example.org"}};
  EXPECT_EQ(Url(Settings(), params),
            "https://as.test/authorize?response_type=code&client_id=app%201"
            "&redirect_uri=https%3A%2F%2Fapp.test%2Fcb%3Fx%3D1"
            "&state=st-1&code_challenge=ch-1&code_challenge_method=S256"
            "&nonce=n-1&login_hint=ann%40example.org"
            "&hd=example.org&prompt=consent");
}

TEST(AuthorizationUrlTest, SeparatesScopesAsTheProviderWants) {
  config::v1::Provider settings = Settings();
  settings.set_scope_separator(",");
  EXPECT_NE(Url(settings, Params()).find("&scope=openid%2Ccalendar.read&"),
            std::string::npos);
}

TEST(AuthorizationUrlTest, KeepsTheEndpointsOwnQuery) {
  config::v1::Provider settings = Settings();
  settings.set_authorization_endpoint("https://as.test/authorize?tenant=a%20b");
  EXPECT_EQ(Url(settings, Params())
                .rfind("https://as.test/authorize?tenant=a%20b&response_type="
                       "code&client_id=",
                       0),
            0);
}

TEST(AuthorizationUrlTest, PrefersTheCallersExtraParameterToThePresets) {
  config::v1::Provider settings = Settings();
  (*settings.mutable_extra_authorization_params())["access_type"] = "offline";
  (*settings.mutable_extra_authorization_params())["prompt"] = "consent";
  AuthorizationUrlParams params = Params();
  params.extra_params = {{"prompt", "none"}};
  const std::string url = Url(settings, params);
  const std::string end = "&access_type=offline&prompt=none";
  ASSERT_GT(url.size(), end.size());
  EXPECT_EQ(url.substr(url.size() - end.size()), end);
  EXPECT_EQ(url.find("prompt=consent"), std::string::npos);
}

TEST(AuthorizationUrlTest, HasTheShapeThatTheSettingsGiveIt) {
  config::v1::Provider settings = Settings();
  config::v1::AuthorizationRequest& shape =
      *settings.mutable_authorization_request();
  (*shape.mutable_names())["client_id"] = "appid";
  (*shape.mutable_names())["scope"] = "";
  shape.set_response_mode("form_post");
  shape.set_fragment("go");
  EXPECT_EQ(Url(settings, Params()),
            "https://as.test/authorize?response_type=code&appid=app%201"
            "&redirect_uri=https%3A%2F%2Fapp.test%2Fcb%3Fx%3D1"
            "&state=st-1&code_challenge=ch-1&code_challenge_method=S256"
            "&response_mode=form_post#go");
}

TEST(AuthorizationUrlTest, LeavesPkceOutOnlyWhereItIsUnsupported) {
  config::v1::Provider settings = Settings();
  settings.set_pkce(config::v1::PKCE_UNSUPPORTED);
  EXPECT_EQ(Url(settings, Params()).find("code_challenge"), std::string::npos);
  settings.set_pkce(config::v1::PKCE_UNSPECIFIED);
  EXPECT_NE(Url(settings, Params()).find("code_challenge"), std::string::npos);
}

TEST(AuthorizationUrlTest, GoesToTheTenantThatTheCallerNames) {
  config::v1::Provider settings = Settings();
  settings.set_authorization_endpoint("https://{shop}.as.test/authorize");
  AuthorizationUrlParams params = Params();
  EXPECT_EQ(BuildAuthorizationUrl(settings, params).status().code(),
            absl::StatusCode::kFailedPrecondition);
  params.attributes = {{"shop", "acme"}};
  EXPECT_EQ(Url(settings, params).rfind("https://acme.as.test/authorize?", 0),
            0);
}

TEST(AuthorizationUrlTest, LetsNoValueAddAParameter) {
  AuthorizationUrlParams params = Params();
  params.state = "a&scope=admin#x";
  params.login_hint = "b&client_id=other";
  params.extra_params = {{"p", "c&state=other"}};
  const std::string url = Url(Settings(), params);
  EXPECT_NE(url.find("&state=a%26scope%3Dadmin%23x&"), std::string::npos);
  EXPECT_NE(url.find("&login_hint=b%26client_id%3Dother&"), std::string::npos);
  EXPECT_NE(url.find("&p=c%26state%3Dother"), std::string::npos);
}

TEST(AuthorizationUrlTest, KnowsTheProtocolsParametersInAnyCase) {
  for (const char* name : {"client_assertion",
                           "client_assertion_type",
                           "client_id",
                           "client_secret",
                           "code",
                           "code_challenge",
                           "code_challenge_method",
                           "code_verifier",
                           "grant_type",
                           "id_token_hint",
                           "login_hint",
                           "nonce",
                           "redirect_uri",
                           "refresh_token",
                           "request",
                           "request_uri",
                           "response_mode",
                           "response_type",
                           "scope",
                           "state"}) {
    EXPECT_TRUE(IsProtocolParameter(name)) << name;
    EXPECT_TRUE(IsProtocolParameter(absl::AsciiStrToUpper(name))) << name;
  }
  EXPECT_TRUE(IsProtocolParameter("Redirect_Uri"));
}

TEST(AuthorizationUrlTest, LeavesOtherNamesToOthers) {
  for (const char* name : {"", "prompt", "access_type", "hd", "audience",
                           "scopes", "stat", "state ", "acr_values"}) {
    EXPECT_FALSE(IsProtocolParameter(name)) << name;
  }
}

}  // namespace
}  // namespace tokenbroker
