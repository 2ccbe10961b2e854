// SPDX-License-Identifier: Apache-2.0
#include "providers/provider_check.h"

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

using Settings = config::v1::Provider;

Settings Proper() {
  Settings settings;
  settings.set_name("mine");
  settings.set_authorization_endpoint("https://acme.test/authorize");
  settings.set_token_endpoint("https://acme.test/token");
  return settings;
}

config::v1::Attribute& AddAttribute(Settings& settings) {
  config::v1::Attribute& attribute = *settings.add_attributes();
  attribute.set_name("shop");
  attribute.set_pattern("[a-z]+");
  attribute.set_description("The shop's name before .acme.test.");
  return attribute;
}

// Why the settings are refused; empty if they are not.
std::string Refusal(const Settings& settings) {
  const absl::Status status = CheckProvider(settings);
  if (!status.ok()) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(absl::StartsWith(status.message(), "provider mine: "));
  }
  return std::string(status.message());
}

TEST(ProviderCheckTest, LeavesTheProtocolsParametersToTheProtocol) {
  for (const char* name : {"state", "Redirect_URI", "client_id", "nonce"}) {
    Settings settings = Proper();
    settings.add_allowed_extra_params(name);
    EXPECT_TRUE(absl::StrContains(Refusal(settings), name));
    settings = Proper();
    (*settings.mutable_extra_authorization_params())[name] = "x";
    EXPECT_TRUE(absl::StrContains(Refusal(settings), name));
  }
}

TEST(ProviderCheckTest, RefusesAnErrorRuleThatSaysTooLittle) {
  Settings settings = Proper();
  settings.add_error_rules()->set_error("x");
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "an error rule"));
  settings = Proper();
  settings.add_error_rules()->set_class_(config::v1::ERROR_CLASS_TRANSIENT);
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "an error rule"));
}

TEST(ProviderCheckTest, WantsTheGraceOfRotationGraceAndOfNoOther) {
  Settings settings = Proper();
  settings.set_rotation(config::v1::ROTATION_GRACE);
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "rotation_grace"));
  settings.mutable_rotation_grace()->set_seconds(30);
  EXPECT_EQ(Refusal(settings), "");
  settings.set_rotation(config::v1::ROTATION_STRICT);
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "rotation_grace"));
}

TEST(ProviderCheckTest, WantsTheTimeOfIdleTouchAndOfNoOtherMode) {
  Settings settings = Proper();
  settings.mutable_refresh()->set_mode(config::v1::REFRESH_MODE_IDLE_TOUCH);
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "idle_touch"));
  settings.mutable_refresh()->mutable_idle_touch()->set_seconds(86400);
  EXPECT_EQ(Refusal(settings), "");
  settings.mutable_refresh()->set_mode(config::v1::REFRESH_MODE_ON_DEMAND);
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "idle_touch"));
}

// --- attributes -------------------------------------------------------------

TEST(ProviderCheckTest, ExplainsAVariableThatIsMissing) {
  Settings settings = Proper();
  AddAttribute(settings);
  EXPECT_EQ(Refusal(settings),
            "provider mine: variable shop is missing: The shop's name before "
            ".acme.test. Write variables: {shop: ...}, or caller_variables: "
            "[shop] if each StartAuthorization names another");
  (*settings.mutable_variables())["shop"] = "acme";
  EXPECT_EQ(Refusal(settings), "");
  settings.clear_variables();
  settings.add_caller_variables("shop");
  EXPECT_EQ(Refusal(settings), "");
}

TEST(ProviderCheckTest, WantsNoVariableThatSomebodyElseSays) {
  const std::vector<std::function<void(config::v1::Attribute&)>> says = {
      [](auto& shop) { shop.set_default_value("acme"); },
      [](auto& shop) { shop.set_callback_param("shop"); },
      [](auto& shop) { shop.set_answer_member("shop.name"); }};
  for (const auto& say : says) {
    Settings settings = Proper();
    say(AddAttribute(settings));
    EXPECT_EQ(Refusal(settings), "");
  }
}

TEST(ProviderCheckTest, RefusesVariablesThatAreNoneOrDoNotFit) {
  Settings settings = Proper();
  AddAttribute(settings);
  (*settings.mutable_variables())["shop"] = "evil.test/";
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "shop must match [a-z]+"));
  (*settings.mutable_variables())["shop"] = "acme";
  (*settings.mutable_variables())["shpo"] = "acme";
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "no attribute shpo"));
  settings.mutable_variables()->erase("shpo");
  settings.add_caller_variables("shop");
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "given by variables"));
  settings.set_caller_variables(0, "shpo");
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "no attribute shpo"));
}

TEST(ProviderCheckTest, WantsAPatternForWhatStandsInAnEndpoint) {
  Settings settings = Proper();
  settings.set_token_endpoint("https://{shop}.acme.test/token");
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "{shop}"));
  AddAttribute(settings).set_default_value("acme");
  EXPECT_EQ(Refusal(settings), "");
  settings.mutable_attributes(0)->clear_pattern();
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "no pattern"));
}

TEST(ProviderCheckTest, RefusesAttributesThatMakeNoSense) {
  const std::vector<std::function<void(config::v1::Attribute&)>> spoil = {
      [](auto& shop) { shop.set_name("Shop"); },
      [](auto& shop) { shop.set_name(""); },
      [](auto& shop) { shop.set_name("client_id"); },
      [](auto& shop) { shop.set_pattern("[a-z"); },
      [](auto& shop) { shop.set_default_value("1"); }};
  for (const auto& change : spoil) {
    Settings settings = Proper();
    config::v1::Attribute& shop = AddAttribute(settings);
    shop.set_answer_member("shop");
    change(shop);
    EXPECT_TRUE(absl::StrContains(Refusal(settings), "attribute "))
        << shop.DebugString();
  }
}

// --- shapes -----------------------------------------------------------------

TEST(ProviderCheckTest, RefusesShapesThatAProviderCannotHave) {
  const std::vector<std::function<void(Settings&)>> spoil = {
      [](auto& s) { s.set_token_endpoint("https://acme.test/{token"); },
      [](auto& s) {
        s.mutable_revocation_request()->set_endpoint("https://acme.test/r");
      },
      [](auto& s) {
        s.mutable_refresh_request()->set_endpoint("http://acme.test/r");
      },
      [](auto& s) {
        (*s.mutable_code_request()->mutable_names())["clientid"] = "appid";
      },
      [](auto& s) {
        (*s.mutable_authorization_request()->mutable_names())["x"] = "y";
      },
      [](auto& s) { (*s.mutable_answer()->mutable_names())["x"] = "y"; },
      [](auto& s) {
        (*s.mutable_code_request()->mutable_params())["client_secret"] = "y";
      },
      [](auto& s) {
        (*s.mutable_code_request()->mutable_params())["a"] = "{nobody}";
      },
      [](auto& s) { (*s.mutable_request_headers())["Authorization"] = "y"; },
      [](auto& s) { (*s.mutable_request_headers())["A: b"] = "y"; },
      [](auto& s) { (*s.mutable_request_headers())["A"] = "y\r\nB: c"; },
      [](auto& s) { s.mutable_answer()->add_named_tokens()->set_name("user"); },
      [](auto& s) { s.add_error_rules()->set_description("("); },
      [](auto& s) { s.mutable_assertion()->set_audience("{nobody}"); },
      [](auto& s) {
        s.mutable_code_request()->set_auth_method(
            config::v1::CLIENT_AUTH_METHOD_PRIVATE_KEY_JWT);
      }};
  for (size_t i = 0; i < spoil.size(); ++i) {
    Settings settings = Proper();
    spoil[i](settings);
    EXPECT_NE(Refusal(settings), "") << i;
  }
}

TEST(ProviderCheckTest, RefusesTimesOutOfBounds) {
  const std::vector<std::function<void(Settings&)>> spoil = {
      [](auto& s) { s.mutable_idle_lifetime()->set_seconds(60); },
      [](auto& s) { s.mutable_absolute_lifetime()->set_seconds(-1); },
      [](auto& s) { s.mutable_refresh()->mutable_least_age(); },
      [](auto& s) { s.mutable_answer()->mutable_default_life(); },
      [](auto& s) {
        s.mutable_assertion()->mutable_life()->set_seconds(90000);
      }};
  for (size_t i = 0; i < spoil.size(); ++i) {
    Settings settings = Proper();
    spoil[i](settings);
    EXPECT_TRUE(absl::StrContains(Refusal(settings), "must be between")) << i;
  }
}

TEST(ProviderCheckTest, TouchesAGrantBeforeItIdlesAway) {
  Settings settings = Proper();
  settings.mutable_refresh()->set_mode(config::v1::REFRESH_MODE_IDLE_TOUCH);
  settings.mutable_refresh()->mutable_idle_touch()->set_seconds(86400);
  settings.mutable_idle_lifetime()->set_seconds(86400);
  EXPECT_TRUE(absl::StrContains(Refusal(settings), "idle_lifetime"));
  settings.mutable_idle_lifetime()->set_seconds(172'800);
  EXPECT_EQ(Refusal(settings), "");
}

// --- presets ----------------------------------------------------------------

TEST(ProviderCheckTest, WantsToKnowWhereAPresetIsFrom) {
  Settings preset = Proper();
  EXPECT_TRUE(absl::StrContains(CheckPreset(preset, "a.yaml").message(),
                                "a.yaml:1: notes.sources is missing"));
  preset.mutable_notes()->add_sources("https://acme.test/docs");
  EXPECT_TRUE(CheckPreset(preset, "a.yaml").ok());
  preset.set_pkce(config::v1::PKCE_UNSUPPORTED);
  EXPECT_TRUE(absl::StrContains(CheckPreset(preset, "a.yaml").message(),
                                "notes.pkce_source is missing"));
  preset.mutable_notes()->set_pkce_source("https://acme.test/docs#pkce");
  EXPECT_TRUE(CheckPreset(preset, "a.yaml").ok());
}

TEST(ProviderCheckTest, LeavesWhatIsARegistrationsToIt) {
  Settings preset = Proper();
  preset.mutable_notes()->add_sources("https://acme.test/docs");
  preset.set_key_id("k");
  EXPECT_TRUE(absl::StrContains(CheckPreset(preset, "a.yaml").message(),
                                "a preset cannot set key_id"));
}

// --- warnings ---------------------------------------------------------------

TEST(ProviderCheckTest, WarnsOfScopesThatBringNoRefreshToken) {
  Settings settings = Proper();
  EXPECT_TRUE(Warnings(settings).empty());
  settings.add_refresh_token_scopes("offline_access");
  settings.add_refresh_token_scopes("refresh_token");
  settings.add_scopes("openid");
  ASSERT_EQ(Warnings(settings).size(), 1u);
  EXPECT_TRUE(absl::StrContains(Warnings(settings)[0],
                                "lack offline_access or refresh_token"));
  settings.add_scopes("refresh_token");
  EXPECT_TRUE(Warnings(settings).empty());
}

TEST(ProviderCheckTest, WarnsOfGrantsThatNobodyKeepsFromIdlingAway) {
  Settings settings = Proper();
  settings.mutable_idle_lifetime()->set_seconds(7'200);
  EXPECT_TRUE(Warnings(settings).empty());
  settings.mutable_refresh()->set_mode(config::v1::REFRESH_MODE_ON_DEMAND);
  ASSERT_EQ(Warnings(settings).size(), 1u);
  EXPECT_TRUE(absl::StrContains(Warnings(settings)[0],
                                "provider mine: refresh mode on_demand lets a "
                                "grant end that nobody uses for 2h; "));
}

}  // namespace
}  // namespace tokenbroker
