// SPDX-License-Identifier: Apache-2.0
#include "providers/discovery.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

using nlohmann::json;

// After RFC 8414 3.2.
json Metadata() {
  return {{"issuer", "https://server.example.com"},
          {"authorization_endpoint", "https://server.example.com/authorize"},
          {"token_endpoint", "https://server.example.com/token"},
          {"revocation_endpoint", "https://server.example.com/revoke"},
          {"userinfo_endpoint", "https://server.example.com/userinfo"}};
}

config::v1::Provider Settings() {
  config::v1::Provider settings;
  settings.set_name("corp");
  settings.set_issuer("https://server.example.com");
  return settings;
}

// The settings with the metadata; an error fails the test.
config::v1::Provider Apply(const config::v1::Provider& settings,
                           const json& metadata) {
  auto complete = ApplyMetadata(settings, metadata.dump());
  EXPECT_TRUE(complete.ok()) << complete.status();
  return complete.ok() ? *complete : config::v1::Provider();
}

std::string Refusal(const config::v1::Provider& settings,
                    absl::string_view metadata) {
  const absl::Status status = ApplyMetadata(settings, metadata).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << metadata;
  return std::string(status.message());
}

TEST(DiscoveryTest, IsNeededWhereAnEndpointIsMissing) {
  config::v1::Provider settings = Settings();
  EXPECT_TRUE(NeedsDiscovery(settings));
  settings.set_authorization_endpoint("https://server.example.com/authorize");
  EXPECT_TRUE(NeedsDiscovery(settings));
  settings.set_token_endpoint("https://server.example.com/token");
  EXPECT_FALSE(NeedsDiscovery(settings));
  settings.clear_authorization_endpoint();
  settings.clear_issuer();
  EXPECT_FALSE(NeedsDiscovery(settings));
}

// OpenID Connect Discovery 4.1 and RFC 8414 3.1.
TEST(DiscoveryTest, LooksWhereTheStandardsPutIt) {
  using Urls = std::vector<std::string>;
  EXPECT_EQ(
      MetadataUrls("https://example.com"),
      (Urls{"https://example.com/.well-known/openid-configuration",
            "https://example.com/.well-known/oauth-authorization-server"}));
  EXPECT_EQ(
      MetadataUrls("https://example.com/issuer1"),
      (Urls{"https://example.com/issuer1/.well-known/openid-configuration",
            "https://example.com/.well-known/oauth-authorization-server/"
            "issuer1"}));
  EXPECT_EQ(
      MetadataUrls("http://127.0.0.1:8080/a/b/"),
      (Urls{
          "http://127.0.0.1:8080/a/b/.well-known/openid-configuration",
          "http://127.0.0.1:8080/.well-known/oauth-authorization-server/a/b"}));
}

TEST(DiscoveryTest, FillsInWhatIsOpen) {
  const config::v1::Provider complete = Apply(Settings(), Metadata());
  EXPECT_EQ(complete.name(), "corp");
  EXPECT_EQ(complete.authorization_endpoint(),
            "https://server.example.com/authorize");
  EXPECT_EQ(complete.token_endpoint(), "https://server.example.com/token");
  EXPECT_EQ(complete.revocation_endpoint(),
            "https://server.example.com/revoke");
  EXPECT_EQ(complete.userinfo_endpoint(),
            "https://server.example.com/userinfo");
  EXPECT_FALSE(complete.require_iss());
}

TEST(DiscoveryTest, KeepsWhatIsConfigured) {
  config::v1::Provider settings = Settings();
  settings.set_token_endpoint("https://other.example.com/token");
  settings.set_token_endpoint_auth_method(config::v1::CLIENT_AUTH_METHOD_NONE);
  settings.set_require_iss(true);
  const config::v1::Provider complete = Apply(settings, Metadata());
  EXPECT_EQ(complete.token_endpoint(), "https://other.example.com/token");
  EXPECT_EQ(complete.token_endpoint_auth_method(),
            config::v1::CLIENT_AUTH_METHOD_NONE);
  EXPECT_TRUE(complete.require_iss());
}

TEST(DiscoveryTest, ComparesTheIssuerExactly) {
  for (const char* issuer :
       {"", "https://server.example.com/", "https://SERVER.example.com",
        "http://server.example.com", "https://evil.example.com"}) {
    json metadata = Metadata();
    metadata["issuer"] = issuer;
    EXPECT_EQ(Refusal(Settings(), metadata.dump()),
              "metadata is of another issuer")
        << issuer;
  }
  json metadata = Metadata();
  metadata.erase("issuer");
  EXPECT_EQ(Refusal(Settings(), metadata.dump()),
            "metadata is of another issuer");
}

TEST(DiscoveryTest, RefusesWhatIsNoMetadata) {
  for (const char* text : {"", "[]", "<html>", "{", "\"x\""}) {
    EXPECT_EQ(Refusal(Settings(), text), "metadata is not a JSON object");
  }
}

TEST(DiscoveryTest, NeedsBothEndpoints) {
  for (const char* name : {"authorization_endpoint", "token_endpoint"}) {
    json metadata = Metadata();
    metadata.erase(name);
    EXPECT_EQ(Refusal(Settings(), metadata.dump()),
              "metadata lacks the authorization or the token endpoint");
    metadata[name] = 7;
    EXPECT_EQ(Refusal(Settings(), metadata.dump()),
              "metadata lacks the authorization or the token endpoint");
  }
}

TEST(DiscoveryTest, TakesPlainHttpOnlyWithAllowLoopback) {
  for (const char* name : {"authorization_endpoint", "token_endpoint",
                           "revocation_endpoint", "userinfo_endpoint"}) {
    json metadata = Metadata();
    metadata[name] = "http://server.example.com/x";
    EXPECT_EQ(Refusal(Settings(), metadata.dump()),
              "metadata has an endpoint that is not an https URL")
        << name;
    config::v1::Provider settings = Settings();
    settings.set_allow_loopback(true);
    EXPECT_TRUE(ApplyMetadata(settings, metadata.dump()).ok()) << name;
    metadata[name] = "file:///etc/passwd";
    EXPECT_FALSE(ApplyMetadata(settings, metadata.dump()).ok()) << name;
  }
}

TEST(DiscoveryTest, ChoosesTheClientsProof) {
  using config::v1::CLIENT_AUTH_METHOD_CLIENT_SECRET_BASIC;
  using config::v1::CLIENT_AUTH_METHOD_CLIENT_SECRET_POST;
  const struct {
    json supported;
    config::v1::ClientAuthMethod expected;
  } cases[] = {
      {nullptr, CLIENT_AUTH_METHOD_CLIENT_SECRET_BASIC},  // RFC 8414 2
      {{"client_secret_basic"}, CLIENT_AUTH_METHOD_CLIENT_SECRET_BASIC},
      {{"client_secret_post", "client_secret_basic"},
       CLIENT_AUTH_METHOD_CLIENT_SECRET_BASIC},
      {{"client_secret_post", "private_key_jwt"},
       CLIENT_AUTH_METHOD_CLIENT_SECRET_POST},
  };
  for (const auto& test : cases) {
    json metadata = Metadata();
    if (!test.supported.is_null()) {
      metadata["token_endpoint_auth_methods_supported"] = test.supported;
    }
    EXPECT_EQ(Apply(Settings(), metadata).token_endpoint_auth_method(),
              test.expected)
        << test.supported;
  }
}

TEST(DiscoveryTest, SaysThatItKnowsNoProofTheProviderTakes) {
  json metadata = Metadata();
  metadata["token_endpoint_auth_methods_supported"] = {"private_key_jwt"};
  EXPECT_TRUE(absl::StrContains(Refusal(Settings(), metadata.dump()),
                                "write token_endpoint_auth_method"));
}

// RFC 9207 3.
TEST(DiscoveryTest, RequiresIssWhereItIsAnnounced) {
  for (const json& announced : {json(true), json(false), json("true")}) {
    json metadata = Metadata();
    metadata["authorization_response_iss_parameter_supported"] = announced;
    EXPECT_EQ(Apply(Settings(), metadata).require_iss(),
              announced == json(true));
  }
}

}  // namespace
}  // namespace tokenbroker
