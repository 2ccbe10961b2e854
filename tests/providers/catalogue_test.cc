// SPDX-License-Identifier: Apache-2.0
#include "providers/catalogue.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/storage/temp_dir.h"

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
notes: {sources: [https://acme.test/docs]}
)";

Catalogue Acme() {
  auto catalogue = Catalogue::Create({{"acme.yaml", std::string(kPreset)}});
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
  const auto catalogue = Catalogue::Load("");
  ASSERT_TRUE(catalogue.ok()) << catalogue.status();
  const std::vector<std::string> names = catalogue->Names();
  for (const char* name : {"google", "kakao"}) {
    EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
  }
}

TEST(CatalogueTest, LoadsFurtherPresetsFromADirectory) {
  const TempDir dir;
  WriteBytes(dir / "acme.yaml", std::string(kPreset));
  WriteBytes(dir / "notes.txt", "not: a preset");
  const auto catalogue = Catalogue::Load(dir.path());
  ASSERT_TRUE(catalogue.ok()) << catalogue.status();
  EXPECT_EQ(catalogue->presets().count("acme"), 1u);
  EXPECT_EQ(catalogue->presets().count("google"), 1u);
}

TEST(CatalogueTest, SaysWhichFileOfADirectoryIsWrong) {
  const TempDir dir;
  EXPECT_TRUE(absl::StrContains(
      Catalogue::Load(dir / "none").status().message(), dir / "none"));
  WriteBytes(dir / "google.yaml",
             "name: google\nnotes: {sources: [https://a.test]}\n");
  EXPECT_TRUE(absl::StrContains(Catalogue::Load(dir.path()).status().message(),
                                "google.yaml:1: there is another preset"));
  WriteBytes(dir / "google.yaml", "name: acme\nisuer: x\n");
  EXPECT_TRUE(absl::StrContains(Catalogue::Load(dir.path()).status().message(),
                                "google.yaml:2: "));
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
  EXPECT_EQ(Catalogue::Create({{"a.yaml", std::string(kPreset)},
                               {"b.yaml", std::string(kPreset)}})
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

TEST(CatalogueTest, SaysWhereToFindThePresetsIfThereIsNoSuch) {
  Settings settings = Configured();
  settings.set_preset("acne");
  EXPECT_EQ(Refusal(settings),
            "provider mine: there is no preset acne; `token-broker providers` "
            "lists those there are");
}

TEST(CatalogueTest, NamesThePresetsThatMayBeMeant) {
  const Catalogue catalogue = *Catalogue::Create(Catalogue::EmbeddedRows());
  EXPECT_TRUE(catalogue.Find("github-app").ok());
  EXPECT_EQ(catalogue.Find("github").status().message(),
            "there is no preset github (is it github-app or "
            "github-oauth-app?); `token-broker providers` lists those there "
            "are");
  EXPECT_TRUE(absl::StrContains(catalogue.Find("Kakao").status().message(),
                                "(is it kakao?)"));
}

TEST(CatalogueTest, KnowsTheIssuerOfATenant) {
  Settings settings = Configured();
  settings.set_issuer("https://{tenant}.acme.test");
  config::v1::Attribute& tenant = *settings.add_attributes();
  tenant.set_name("tenant");
  tenant.set_pattern("[a-z]+");
  tenant.set_description("The tenant.");
  (*settings.mutable_variables())["tenant"] = "shop";
  const auto resolved = Acme().Resolve(settings);
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->issuer(), "https://shop.acme.test");
  settings.clear_variables();
  settings.add_caller_variables("tenant");
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "tenant"));
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

}  // namespace
}  // namespace tokenbroker
