// SPDX-License-Identifier: Apache-2.0
#include "providers/client_authentication.h"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "tests/storage/temp_dir.h"

namespace tokenbroker {
namespace {

using nlohmann::json;

class ClientAuthenticationTest : public testing::Test {
 protected:
  ClientAuthenticationTest() {
    EXPECT_EQ(std::system(absl::StrCat("openssl genpkey -algorithm EC -pkeyopt "
                                       "ec_paramgen_curve:P-256 -out ",
                                       dir_ / "key.pem", " 2> /dev/null")
                              .c_str()),
              0);
    credentials_.key =
        *SigningKey::FromPem(Secret(ReadBytes(dir_ / "key.pem")));
    settings_.set_client_id("client");
    settings_.set_key_id("K1");
    settings_.set_token_endpoint("https://{tenant}.as.test/token");
    context_.now = absl::FromUnixSeconds(1'800'000'000);
    context_.unique = "\x01\xff";
    context_.attributes = {{"tenant", "acme"}};
  }

  // The parameters that prove the client by `method`, of which the last is the
  // assertion; its claims.
  std::pair<std::string, json> Prove(config::v1::ClientAuthMethod method) {
    Parameters parameters;
    const auto header =
        Authenticate(settings_, credentials_, method, context_, &parameters);
    EXPECT_TRUE(header.ok()) << header.status();
    EXPECT_TRUE(header->empty());
    std::string text(parameters.ToForm().Reveal());
    const size_t assertion = text.rfind('=') + 1;
    const std::vector<std::string> parts =
        absl::StrSplit(text.substr(assertion), '.');
    EXPECT_EQ(parts.size(), 3u);
    std::string claims;
    EXPECT_TRUE(absl::WebSafeBase64Unescape(parts[1], &claims));
    return {text.substr(0, assertion), json::parse(claims)};
  }

  const TempDir dir_;
  config::v1::Provider settings_;
  ClientCredentials credentials_;
  RequestContext context_;
};

TEST_F(ClientAuthenticationTest, SendsAnAssertion) {
  const auto [parameters, claims] =
      Prove(config::v1::CLIENT_AUTH_METHOD_PRIVATE_KEY_JWT);
  EXPECT_EQ(parameters,
            "client_id=client&client_assertion_type=urn%3Aietf%3Aparams%3A"
            "oauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=");
  EXPECT_EQ(claims, (json{{"iss", "client"},
                          {"sub", "client"},
                          {"aud", "https://acme.as.test/token"},
                          {"iat", 1'800'000'000},
                          {"exp", 1'800'000'300},
                          {"jti", "Af8"}}));
}

TEST_F(ClientAuthenticationTest, SendsItAsTheSecret) {
  settings_.mutable_assertion()->set_issuer("team-{tenant}");
  settings_.mutable_assertion()->set_audience("https://as.test");
  settings_.mutable_assertion()->mutable_life()->set_seconds(60);
  const auto [parameters, claims] =
      Prove(config::v1::CLIENT_AUTH_METHOD_SIGNED_CLIENT_SECRET);
  EXPECT_EQ(parameters, "client_id=client&client_secret=");
  EXPECT_EQ(claims["iss"], "team-acme");
  EXPECT_EQ(claims["sub"], "client");
  EXPECT_EQ(claims["aud"], "https://as.test");
  EXPECT_EQ(claims["exp"], 1'800'000'060);
}

TEST_F(ClientAuthenticationTest, SignsNothingForATenantThatIsNotKnown) {
  context_.attributes.clear();
  Parameters parameters;
  EXPECT_EQ(Authenticate(settings_, credentials_,
                         config::v1::CLIENT_AUTH_METHOD_PRIVATE_KEY_JWT,
                         context_, &parameters)
                .status()
                .code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace tokenbroker
