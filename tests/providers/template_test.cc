// SPDX-License-Identifier: Apache-2.0
#include "providers/template.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

config::v1::Provider Settings() {
  config::v1::Provider settings;
  settings.set_client_id("app 1");
  settings.add_redirect_uris("https://app.test/cb");
  settings.add_redirect_uris("https://app.test/other");
  (*settings.mutable_variables())["realm"] = "shop/eu";
  for (const char* name : {"realm", "base", "tenant"}) {
    config::v1::Attribute& attribute = *settings.add_attributes();
    attribute.set_name(name);
    attribute.set_default_value("default");
  }
  return settings;
}

std::string Text(absl::string_view text, const Attributes& attributes = {}) {
  const auto expanded = Expand(Settings(), text, attributes);
  return expanded.ok() ? *expanded : expanded.status().ToString();
}

std::string Url(absl::string_view text, const Attributes& attributes = {}) {
  const auto expanded = ExpandUrl(Settings(), text, attributes);
  return expanded.ok() ? *expanded
                       : absl::StatusCodeToString(expanded.status().code());
}

TEST(TemplateTest, StandsForWhatTheConnectionTheRegistrationOrThePresetSays) {
  EXPECT_EQ(Text("no name"), "no name");
  EXPECT_EQ(Text("<{client_id}>"), "<app 1>");
  EXPECT_EQ(Text("{redirect_uri}"), "https://app.test/cb");
  EXPECT_EQ(Text("{tenant}-{realm}"), "default-shop/eu");
  EXPECT_EQ(Text("{tenant}-{realm}", {{"tenant", "t"}, {"realm", "r"}}), "t-r");
  EXPECT_EQ(Text("{nobody}"),
            "FAILED_PRECONDITION: nothing says what nobody is");
}

TEST(TemplateTest, LetsNoValueLeaveItsPlaceInAUrl) {
  EXPECT_EQ(Url("https://id.test/{realm}/token"),
            "https://id.test/shop%2Feu/token");
  EXPECT_EQ(Url("https://id.test/{tenant}", {{"tenant", "a b?c#d@e"}}),
            "https://id.test/a%20b%3Fc%23d%40e");
  EXPECT_EQ(Url("https://{tenant}.test/", {{"tenant", "evil.test/"}}),
            "https://evil.test%2F.test/");
}

TEST(TemplateTest, BeginsWithAUrlThatAnAttributeIs) {
  EXPECT_EQ(Url("{base}/token", {{"base", "https://id.test/auth"}}),
            "https://id.test/auth/token");
  for (const char* base :
       {"http://id.test", "https://user@id.test", "file:///etc", "id.test"}) {
    EXPECT_EQ(Url("{base}/token", {{"base", base}}), "FAILED_PRECONDITION")
        << base;
  }
}

TEST(TemplateTest, KnowsItsNames) {
  EXPECT_EQ(*NamesIn("{a}/b/{c}{d}"),
            (std::vector<std::string>{"a", "c", "d"}));
  EXPECT_TRUE(NamesIn("plain")->empty());
  for (const char* broken : {"{", "}", "{}", "{a", "a}", "{a{b}", "}{"}) {
    EXPECT_EQ(NamesIn(broken).status().code(),
              absl::StatusCode::kInvalidArgument)
        << broken;
  }
}

}  // namespace
}  // namespace tokenbroker
