// SPDX-License-Identifier: Apache-2.0
#include "providers/token_request.h"

#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

using config::v1::CLIENT_AUTH_METHOD_CLIENT_SECRET_BASIC;
using config::v1::CLIENT_AUTH_METHOD_CLIENT_SECRET_POST;
using config::v1::CLIENT_AUTH_METHOD_NONE;
using config::v1::CLIENT_AUTH_METHOD_UNSPECIFIED;
using config::v1::ClientAuthMethod;

constexpr char kClientSecret[] = "p@ss:w%rd+\u00e9";

config::v1::Provider Settings(ClientAuthMethod method) {
  config::v1::Provider settings;
  settings.set_client_id("app:1 x");
  settings.set_token_endpoint("https://as.test/token");
  settings.set_revocation_endpoint("https://as.test/revoke");
  settings.set_token_endpoint_auth_method(method);
  return settings;
}

ClientCredentials WithSecret(absl::string_view secret) {
  return {.secret = Secret(secret)};
}

HttpRequest CodeRequest(const config::v1::Provider& settings,
                        const Attributes& attributes = {}) {
  const CodeGrant grant{.code = Secret("c+1/="),
                        .redirect_uri = "https://app.test/cb",
                        .code_verifier = Secret("v-1")};
  auto request = BuildCodeRequest(settings, WithSecret(kClientSecret), grant,
                                  {.attributes = attributes});
  EXPECT_TRUE(request.ok()) << request.status();
  return *std::move(request);
}

HttpRequest RefreshRequest(const config::v1::Provider& settings,
                           bool is_first = false) {
  auto request = BuildRefreshRequest(settings, WithSecret(kClientSecret),
                                     Secret("rt/1"), is_first, {});
  EXPECT_TRUE(request.ok()) << request.status();
  return *std::move(request);
}

HttpRequest RefreshRequest(ClientAuthMethod method) {
  return RefreshRequest(Settings(method));
}

HttpRequest RevokeRequest(const config::v1::Provider& settings) {
  auto request =
      BuildRevokeRequest(settings, WithSecret("s"), Secret("rt/1"), {});
  EXPECT_TRUE(request.ok()) << request.status();
  return *std::move(request);
}

// The header's value; "absent" if it is not there exactly once.
std::string HeaderOf(const HttpRequest& request, absl::string_view name) {
  std::string value = "absent";
  int count = 0;
  for (const auto& [key, secret] : request.headers) {
    if (key != name) continue;
    value = std::string(secret.Reveal());
    ++count;
  }
  EXPECT_LE(count, 1) << name;
  return value;
}

TEST(TokenRequestTest, PostsAFormAndAcceptsJson) {
  const HttpRequest request = RefreshRequest(CLIENT_AUTH_METHOD_NONE);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://as.test/token");
  EXPECT_EQ(HeaderOf(request, "Content-Type"),
            "application/x-www-form-urlencoded");
  EXPECT_EQ(HeaderOf(request, "Accept"), "application/json");
}

TEST(TokenRequestTest, ExchangesACodeWithItsVerifier) {
  const HttpRequest request = CodeRequest(Settings(CLIENT_AUTH_METHOD_NONE));
  EXPECT_EQ(request.url, "https://as.test/token");
  EXPECT_EQ(request.body.Reveal(),
            "grant_type=authorization_code&code=c%2B1%2F%3D"
            "&redirect_uri=https%3A%2F%2Fapp.test%2Fcb&code_verifier=v-1"
            "&client_id=app%3A1+x");
}

TEST(TokenRequestTest, ProvesAClientByBasic) {
  // `app%3A1+x:p%40ss%3Aw%25rd%2B%C3%A9` in Base64.
  constexpr char kExpected[] =
      "Basic YXBwJTNBMSt4OnAlNDBzcyUzQXclMjVyZCUyQiVDMyVBOQ==";
  for (const ClientAuthMethod method : {CLIENT_AUTH_METHOD_CLIENT_SECRET_BASIC,
                                        CLIENT_AUTH_METHOD_UNSPECIFIED}) {
    const HttpRequest request = RefreshRequest(method);
    EXPECT_EQ(HeaderOf(request, "Authorization"), kExpected);
    EXPECT_EQ(request.body.Reveal(),
              "grant_type=refresh_token&refresh_token=rt%2F1");
  }
}

TEST(TokenRequestTest, ProvesAClientInTheBody) {
  const HttpRequest request =
      RefreshRequest(CLIENT_AUTH_METHOD_CLIENT_SECRET_POST);
  EXPECT_EQ(HeaderOf(request, "Authorization"), "absent");
  EXPECT_EQ(request.body.Reveal(),
            "grant_type=refresh_token&refresh_token=rt%2F1&client_id=app%3A1+x"
            "&client_secret=p%40ss%3Aw%25rd%2B%C3%A9");
}

TEST(TokenRequestTest, NamesAPublicClient) {
  const HttpRequest request = RefreshRequest(CLIENT_AUTH_METHOD_NONE);
  EXPECT_EQ(HeaderOf(request, "Authorization"), "absent");
  EXPECT_EQ(request.body.Reveal(),
            "grant_type=refresh_token&refresh_token=rt%2F1"
            "&client_id=app%3A1+x");
}

TEST(TokenRequestTest, RevokesAToken) {
  const HttpRequest request = RevokeRequest(Settings(CLIENT_AUTH_METHOD_NONE));
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://as.test/revoke");
  EXPECT_EQ(request.body.Reveal(), "token=rt%2F1&client_id=app%3A1+x");
}

TEST(TokenRequestTest, ProvesAClientForRevocationAsAtTheTokenEndpoint) {
  EXPECT_EQ(RevokeRequest(Settings(CLIENT_AUTH_METHOD_CLIENT_SECRET_POST))
                .body.Reveal(),
            "token=rt%2F1&client_id=app%3A1+x&client_secret=s");
}

TEST(TokenRequestTest, ProvesAClientForRevocationAsIsWritten) {
  config::v1::Provider settings =
      Settings(CLIENT_AUTH_METHOD_CLIENT_SECRET_BASIC);
  settings.mutable_revocation_request()->set_auth_method(
      CLIENT_AUTH_METHOD_NONE);
  const HttpRequest request = RevokeRequest(settings);
  EXPECT_EQ(HeaderOf(request, "Authorization"), "absent");
  EXPECT_EQ(request.body.Reveal(), "token=rt%2F1&client_id=app%3A1+x");
}

TEST(TokenRequestTest, RevokesWithTheTokenAsItsBearer) {
  config::v1::Provider settings =
      Settings(CLIENT_AUTH_METHOD_CLIENT_SECRET_POST);
  settings.mutable_revocation_request()->set_bearer(true);
  settings.mutable_revocation_request()->set_method(
      config::v1::HTTP_METHOD_DELETE);
  const HttpRequest request = RevokeRequest(settings);
  EXPECT_EQ(request.method, "DELETE");
  EXPECT_EQ(HeaderOf(request, "Authorization"), "Bearer rt/1");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "absent");
  EXPECT_EQ(request.body.Reveal(), "");
}

TEST(TokenRequestTest, PutsNoSecretIntoAUrl) {
  for (const ClientAuthMethod method :
       {CLIENT_AUTH_METHOD_CLIENT_SECRET_BASIC,
        CLIENT_AUTH_METHOD_CLIENT_SECRET_POST, CLIENT_AUTH_METHOD_NONE}) {
    EXPECT_EQ(CodeRequest(Settings(method)).url, "https://as.test/token");
    EXPECT_EQ(RefreshRequest(method).url, "https://as.test/token");
    EXPECT_EQ(RevokeRequest(Settings(method)).url, "https://as.test/revoke");
  }
}

TEST(TokenRequestTest, PutsParametersIntoTheQueryOnlyWhereTheShapeSaysSo) {
  config::v1::Provider settings =
      Settings(CLIENT_AUTH_METHOD_CLIENT_SECRET_POST);
  settings.mutable_refresh_request()->set_method(config::v1::HTTP_METHOD_GET);
  settings.mutable_refresh_request()->set_endpoint("https://as.test/renew?v=2");
  const HttpRequest request = RefreshRequest(settings);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.url,
            "https://as.test/renew?v=2&grant_type=refresh_token"
            "&refresh_token=rt%2F1&client_id=app%3A1%20x"
            "&client_secret=p%40ss%3Aw%25rd%2B%C3%A9");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "absent");
  EXPECT_EQ(request.body.Reveal(), "");
}

TEST(TokenRequestTest, WritesJson) {
  config::v1::Provider settings =
      Settings(CLIENT_AUTH_METHOD_CLIENT_SECRET_POST);
  settings.mutable_refresh_request()->set_encoding(config::v1::ENCODING_JSON);
  const HttpRequest request = RefreshRequest(settings);
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/json");
  EXPECT_EQ(request.body.Reveal(),
            R"({"grant_type":"refresh_token","refresh_token":"rt/1",)"
            R"("client_id":"app:1 x","client_secret":"p@ss:w%rd+é"})");
}

TEST(TokenRequestTest, RenamesLeavesOutAddsAndReplacesParameters) {
  config::v1::Provider settings =
      Settings(CLIENT_AUTH_METHOD_CLIENT_SECRET_POST);
  config::v1::Request& shape = *settings.mutable_code_request();
  (*shape.mutable_names())["client_id"] = "appid";
  (*shape.mutable_names())["redirect_uri"] = "";
  (*shape.mutable_params())["grant_type"] = "special";
  (*shape.mutable_params())["z"] = "last";
  (*shape.mutable_params())["a"] = "{tenant}&b";
  EXPECT_EQ(CodeRequest(settings, {{"tenant", "t 1"}}).body.Reveal(),
            "grant_type=special&code=c%2B1%2F%3D&code_verifier=v-1"
            "&a=t+1%26b&z=last&appid=app%3A1+x"
            "&client_secret=p%40ss%3Aw%25rd%2B%C3%A9");
}

TEST(TokenRequestTest, LeavesPkceOutOnlyWhereItIsUnsupported) {
  config::v1::Provider settings = Settings(CLIENT_AUTH_METHOD_NONE);
  for (const auto pkce :
       {config::v1::PKCE_UNSPECIFIED, config::v1::PKCE_SUPPORTED,
        config::v1::PKCE_REQUIRED}) {
    settings.set_pkce(pkce);
    EXPECT_TRUE(absl::StrContains(CodeRequest(settings).body.Reveal(),
                                  "&code_verifier=v-1&"));
  }
  settings.set_pkce(config::v1::PKCE_UNSUPPORTED);
  EXPECT_FALSE(
      absl::StrContains(CodeRequest(settings).body.Reveal(), "code_verifier"));
}

TEST(TokenRequestTest, HasItsOwnShapeForTheFirstRefreshAfterACode) {
  config::v1::Provider settings = Settings(CLIENT_AUTH_METHOD_NONE);
  (*settings.mutable_refresh_request()->mutable_params())["x"] = "later";
  EXPECT_TRUE(absl::StrContains(RefreshRequest(settings, true).body.Reveal(),
                                "&x=later"));
  (*settings.mutable_first_refresh_request()->mutable_params())["x"] = "first";
  EXPECT_TRUE(absl::StrContains(RefreshRequest(settings, true).body.Reveal(),
                                "&x=first"));
  EXPECT_TRUE(absl::StrContains(RefreshRequest(settings, false).body.Reveal(),
                                "&x=later"));
}

TEST(TokenRequestTest, GoesToTheTenantThatTheConnectionKnows) {
  config::v1::Provider settings = Settings(CLIENT_AUTH_METHOD_NONE);
  settings.set_token_endpoint("https://{shop}.as.test/{x}/token");
  (*settings.mutable_variables())["x"] = "a/b c";
  EXPECT_EQ(CodeRequest(settings, {{"shop", "acme"}}).url,
            "https://acme.as.test/a%2Fb%20c/token");
  EXPECT_EQ(BuildCodeRequest(settings, {}, CodeGrant{}, {}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(TokenRequestTest, IsARequestToThisProvider) {
  config::v1::Provider settings = Settings(CLIENT_AUTH_METHOD_NONE);
  settings.set_ca_file("/ca.pem");
  (*settings.mutable_request_headers())["X-Version"] = "2022-06-28";
  const HttpRequest requests[] = {
      CodeRequest(settings), RefreshRequest(settings), RevokeRequest(settings)};
  for (const HttpRequest& request : requests) {
    EXPECT_EQ(request.ca_file, "/ca.pem");
    EXPECT_EQ(HeaderOf(request, "X-Version"), "2022-06-28");
  }
}

}  // namespace
}  // namespace tokenbroker
