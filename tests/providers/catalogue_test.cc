// SPDX-License-Identifier: Apache-2.0
#include "providers/catalogue.h"

#include <google/protobuf/util/message_differencer.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "providers/discovery.h"

namespace tokenbroker {
namespace {

using Settings = config::v1::Provider;

constexpr absl::string_view kPreset = R"(
name: acme
display_name: Acme
issuer: https://acme.test
authorization_endpoint: https://acme.test/authorize
token_endpoint: https://acme.test/token
rotation: never
extra_authorization_params: {access_type: offline, prompt: consent}
allowed_extra_params: [prompt, hd]
error_rules: [{error_code: E1, class: transient}]
)";

Catalogue Acme() {
  auto catalogue = Catalogue::Create({{"acme.yaml", kPreset}});
  EXPECT_TRUE(catalogue.ok()) << catalogue.status();
  return *std::move(catalogue);
}

Settings Configured() {
  Settings settings;
  settings.set_name("mine");
  settings.set_preset("acme");
  settings.set_client_id("client");
  return settings;
}

// Sees that the settings are refused, and gives the reason.
std::string Refusal(const Settings& settings) {
  const absl::Status status = Acme().Resolve(settings).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(CatalogueTest, HasTheProvidersThatAreCompiledIn) {
  const auto catalogue = Catalogue::Create(Catalogue::EmbeddedRows());
  ASSERT_TRUE(catalogue.ok()) << catalogue.status();
  EXPECT_EQ(catalogue->Names(), (std::vector<std::string>{"google", "kakao"}));
}

TEST(CatalogueTest, NeedsNothingOfTheNetworkForThem) {
  const auto catalogue = Catalogue::Create(Catalogue::EmbeddedRows());
  ASSERT_TRUE(catalogue.ok());
  for (const std::string& name : catalogue->Names()) {
    Settings settings = Configured();
    settings.set_preset(name);
    const auto resolved = catalogue->Resolve(settings);
    ASSERT_TRUE(resolved.ok()) << resolved.status();
    EXPECT_FALSE(NeedsDiscovery(*resolved)) << name;
    EXPECT_NE(resolved->rotation(), config::v1::ROTATION_UNSPECIFIED) << name;
    EXPECT_NE(resolved->display_name(), "") << name;
  }
}

TEST(CatalogueTest, RefusesAPresetThatSetsWhatBelongsToARegistration) {
  for (const char* line : {"preset: x", "client_id: x", "client_secret_file: x",
                           "redirect_uris: [x]", "scopes: [x]",
                           "allow_loopback: true", "request_timeout: 1s"}) {
    const auto catalogue = Catalogue::Create(
        {{"acme.yaml", absl::StrCat("name: acme\n", line, "\n")}});
    EXPECT_EQ(catalogue.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(absl::StartsWith(catalogue.status().message(), "acme.yaml:1: "))
        << catalogue.status();
  }
}

TEST(CatalogueTest, RefusesAPresetWithoutAName) {
  for (const char* yaml : {"display_name: Acme", "name: Not A Name"}) {
    EXPECT_EQ(Catalogue::Create({{"acme.yaml", yaml}}).status().code(),
              absl::StatusCode::kInvalidArgument)
        << yaml;
  }
}

TEST(CatalogueTest, RefusesTwoPresetsOfAName) {
  EXPECT_EQ(Catalogue::Create(
                {{"a.yaml", "name: acme\n"}, {"b.yaml", "name: acme\n"}})
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(CatalogueTest, SaysWhereAPresetIsWrong) {
  const absl::Status status =
      Catalogue::Create({{"acme.yaml", "name: acme\nisuer: https://a.test\n"}})
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StartsWith(status.message(), "acme.yaml:2: ")) << status;
}

TEST(CatalogueTest, InheritsWhatIsNotSaid) {
  const auto resolved = Acme().Resolve(Configured());
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->name(), "mine");
  EXPECT_EQ(resolved->preset(), "acme");
  EXPECT_EQ(resolved->client_id(), "client");
  EXPECT_EQ(resolved->display_name(), "Acme");
  EXPECT_EQ(resolved->token_endpoint(), "https://acme.test/token");
  EXPECT_EQ(resolved->rotation(), config::v1::ROTATION_NEVER);
  EXPECT_EQ(resolved->extra_authorization_params().size(), 2u);
  EXPECT_EQ(resolved->error_rules_size(), 1);
}

TEST(CatalogueTest, PrefersWhatIsSaidAndReplacesListsAndMapsWhole) {
  Settings settings = Configured();
  settings.set_token_endpoint("https://proxy.test/token");
  settings.set_rotation(config::v1::ROTATION_STRICT);
  (*settings.mutable_extra_authorization_params())["prompt"] = "login";
  settings.add_allowed_extra_params("acr_values");
  const auto resolved = Acme().Resolve(settings);
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->token_endpoint(), "https://proxy.test/token");
  EXPECT_EQ(resolved->authorization_endpoint(), "https://acme.test/authorize");
  EXPECT_EQ(resolved->rotation(), config::v1::ROTATION_STRICT);
  ASSERT_EQ(resolved->extra_authorization_params().size(), 1u);
  EXPECT_EQ(resolved->extra_authorization_params().at("prompt"), "login");
  ASSERT_EQ(resolved->allowed_extra_params_size(), 1);
  EXPECT_EQ(resolved->allowed_extra_params(0), "acr_values");
}

TEST(CatalogueTest, LeavesAProviderWithoutPresetAlone) {
  Settings settings = Configured();
  settings.clear_preset();
  settings.set_issuer("https://id.test");
  const auto resolved = Acme().Resolve(settings);
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_TRUE(
      google::protobuf::util::MessageDifferencer::Equals(*resolved, settings));
}

TEST(CatalogueTest, NamesThePresetsIfThereIsNoSuch) {
  Settings settings = Configured();
  settings.set_preset("acne");
  EXPECT_EQ(Refusal(settings),
            "provider mine: there is no such preset; there are acme");
}

TEST(CatalogueTest, SaysWhatABlockLacks) {
  Settings settings = Configured();
  settings.clear_preset();
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "provider mine: write"));
  settings.set_token_endpoint("https://id.test/token");
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "provider mine: write"));
  settings.set_authorization_endpoint("https://id.test/authorize");
  EXPECT_TRUE(Acme().Resolve(settings).ok());
}

TEST(CatalogueTest, TakesHttpsUrlsOnlyUnlessLoopbackIsAllowed) {
  for (const char* field :
       {"issuer", "authorization_endpoint", "token_endpoint",
        "revocation_endpoint", "userinfo_endpoint"}) {
    Settings settings = Configured();
    const auto* descriptor = Settings::descriptor()->FindFieldByName(field);
    settings.GetReflection()->SetString(&settings, descriptor,
                                        "http://127.0.0.1:8080/x");
    EXPECT_TRUE(absl::StrContains(Refusal(settings), field));
    settings.set_allow_loopback(true);
    EXPECT_TRUE(Acme().Resolve(settings).ok()) << field;
    settings.GetReflection()->SetString(&settings, descriptor,
                                        "https://user@id.test/");
    EXPECT_TRUE(absl::StrContains(Refusal(settings), field));
  }
}

TEST(CatalogueTest, LeavesTheProtocolsParametersToTheProtocol) {
  for (const char* name : {"state", "Redirect_URI", "client_id", "nonce"}) {
    Settings settings = Configured();
    settings.add_allowed_extra_params(name);
    EXPECT_TRUE(absl::StrContains(Refusal(settings), name));
    settings = Configured();
    (*settings.mutable_extra_authorization_params())[name] = "x";
    EXPECT_TRUE(absl::StrContains(Refusal(settings), name));
  }
}

TEST(CatalogueTest, RefusesAnErrorRuleThatSaysTooLittle) {
  Settings settings = Configured();
  settings.add_error_rules()->set_error("x");
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "error rule"));
  settings = Configured();
  settings.add_error_rules()->set_class_(config::v1::ERROR_CLASS_TRANSIENT);
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "error rule"));
}

TEST(CatalogueTest, WantsTheGraceOfRotationGraceAndOfNoOther) {
  Settings settings = Configured();
  settings.set_rotation(config::v1::ROTATION_GRACE);
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "rotation_grace"));
  settings.mutable_rotation_grace()->set_seconds(30);
  EXPECT_TRUE(Acme().Resolve(settings).ok());
  settings.set_rotation(config::v1::ROTATION_STRICT);
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "rotation_grace"));
}

TEST(CatalogueTest, WantsTheTimeOfIdleTouchAndOfNoOtherMode) {
  Settings settings = Configured();
  settings.mutable_refresh()->set_mode(config::v1::REFRESH_MODE_IDLE_TOUCH);
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "idle_touch"));
  settings.mutable_refresh()->mutable_idle_touch()->set_seconds(86400);
  EXPECT_TRUE(Acme().Resolve(settings).ok());
  settings.mutable_refresh()->set_mode(config::v1::REFRESH_MODE_ON_DEMAND);
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "idle_touch"));
}

}  // namespace
}  // namespace tokenbroker
