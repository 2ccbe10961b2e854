// SPDX-License-Identifier: Apache-2.0
#include "providers/token_request.h"

#include <string>

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

HttpRequest RefreshRequest(ClientAuthMethod method) {
  return BuildRefreshRequest(Settings(method), Secret(kClientSecret),
                             Secret("rt/1"));
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
  CodeGrant grant{.code = Secret("c+1/="),
                  .redirect_uri = "https://app.test/cb",
                  .code_verifier = Secret("v-1")};
  const HttpRequest request =
      BuildCodeRequest(Settings(CLIENT_AUTH_METHOD_NONE), Secret(), grant);
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
  const HttpRequest request = BuildRevokeRequest(
      Settings(CLIENT_AUTH_METHOD_NONE), Secret(), Secret("rt/1"));
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://as.test/revoke");
  EXPECT_EQ(request.body.Reveal(), "token=rt%2F1&client_id=app%3A1+x");
}

TEST(TokenRequestTest, ProvesAClientForRevocationAsAtTheTokenEndpoint) {
  const HttpRequest request =
      BuildRevokeRequest(Settings(CLIENT_AUTH_METHOD_CLIENT_SECRET_POST),
                         Secret("s"), Secret("rt"));
  EXPECT_EQ(request.body.Reveal(),
            "token=rt&client_id=app%3A1+x&client_secret=s");
}

TEST(TokenRequestTest, ProvesAClientForRevocationAsIsWritten) {
  config::v1::Provider settings =
      Settings(CLIENT_AUTH_METHOD_CLIENT_SECRET_BASIC);
  settings.set_revocation_endpoint_auth_method(CLIENT_AUTH_METHOD_NONE);
  const HttpRequest request =
      BuildRevokeRequest(settings, Secret("s"), Secret("rt"));
  EXPECT_EQ(HeaderOf(request, "Authorization"), "absent");
  EXPECT_EQ(request.body.Reveal(), "token=rt&client_id=app%3A1+x");
}

TEST(TokenRequestTest, PutsNoSecretIntoAUrl) {
  for (const ClientAuthMethod method :
       {CLIENT_AUTH_METHOD_CLIENT_SECRET_BASIC,
        CLIENT_AUTH_METHOD_CLIENT_SECRET_POST, CLIENT_AUTH_METHOD_NONE}) {
    const CodeGrant grant{.code = Secret("the-code"),
                          .redirect_uri = "https://app.test/cb",
                          .code_verifier = Secret("the-verifier")};
    const Secret secret("the-secret");
    EXPECT_EQ(BuildCodeRequest(Settings(method), secret, grant).url,
              "https://as.test/token");
    EXPECT_EQ(
        BuildRefreshRequest(Settings(method), secret, Secret("the-rt")).url,
        "https://as.test/token");
    EXPECT_EQ(
        BuildRevokeRequest(Settings(method), secret, Secret("the-rt")).url,
        "https://as.test/revoke");
  }
}

TEST(TokenRequestTest, IsARequestToThisProvider) {
  config::v1::Provider settings = Settings(CLIENT_AUTH_METHOD_NONE);
  settings.set_ca_file("/ca.pem");
  const Secret secret;
  EXPECT_EQ(BuildCodeRequest(settings, secret, CodeGrant{}).ca_file, "/ca.pem");
  EXPECT_EQ(BuildRefreshRequest(settings, secret, Secret("rt")).ca_file,
            "/ca.pem");
  EXPECT_EQ(BuildRevokeRequest(settings, secret, Secret("rt")).ca_file,
            "/ca.pem");
}

}  // namespace
}  // namespace tokenbroker
