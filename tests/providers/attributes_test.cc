// SPDX-License-Identifier: Apache-2.0
#include "providers/attributes.h"

#include <nlohmann/json.hpp>
#include <string>

#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

config::v1::Attribute& Add(config::v1::Provider& settings, const char* name,
                           const char* pattern = "") {
  config::v1::Attribute& attribute = *settings.add_attributes();
  attribute.set_name(name);
  attribute.set_pattern(pattern);
  return attribute;
}

TEST(AttributesTest, TakesAValueThatMatchesAsAWhole) {
  config::v1::Attribute attribute;
  attribute.set_pattern("[a-z]+|[0-9]+");
  EXPECT_TRUE(IsValueOf(attribute, "acme"));
  EXPECT_TRUE(IsValueOf(attribute, "42"));
  for (const std::string value : {"", "acme.evil", "acme\n", "ACME", "a1"}) {
    EXPECT_FALSE(IsValueOf(attribute, value)) << value;
  }
  attribute.clear_pattern();
  EXPECT_TRUE(IsValueOf(attribute, "any thing: {\"a\": 1}"));
  EXPECT_TRUE(IsValueOf(attribute, "\xed\x99\x8d\xea\xb8\xb8\xeb\x8f\x99"));
  for (const std::string value :
       {"", "two\nlines", "\x7f", "\xff", "\xc0\xaf", "\xed\xa0\x80"}) {
    EXPECT_FALSE(IsValueOf(attribute, value)) << value;
  }
  EXPECT_TRUE(IsValueOf(attribute, std::string(kLongestAttribute, 'x')));
  EXPECT_FALSE(IsValueOf(attribute, std::string(kLongestAttribute + 1, 'x')));
  attribute.set_pattern("(");
  EXPECT_FALSE(IsValueOf(attribute, "("));
}

TEST(AttributesTest, WantsOfACallerWhatIsLeftToCallersAndNothingElse) {
  config::v1::Provider settings;
  Add(settings, "shop", "[a-z]+").set_description("The shop's name.");
  Add(settings, "tenant", "[a-z]+");
  settings.add_caller_variables("shop");
  EXPECT_TRUE(CheckCallerVariables(settings, {{"shop", "acme"}}).empty());

  const auto missing = CheckCallerVariables(settings, {});
  ASSERT_EQ(missing.size(), 1u);
  EXPECT_EQ(missing[0].field, "variables[shop]");
  EXPECT_EQ(missing[0].description, "is missing: The shop's name.");

  const auto wrong = CheckCallerVariables(settings, {{"shop", "a/b"}});
  ASSERT_EQ(wrong.size(), 1u);
  EXPECT_EQ(wrong[0].description, "must match [a-z]+");

  const auto foreign =
      CheckCallerVariables(settings, {{"shop", "acme"}, {"tenant", "t"}});
  ASSERT_EQ(foreign.size(), 1u);
  EXPECT_EQ(foreign[0].field, "variables[tenant]");
}

TEST(AttributesTest, LearnsFromTheCallbackOnTopOfWhatIsKnown) {
  config::v1::Provider settings;
  Add(settings, "realm_id", "[0-9]+").set_callback_param("realmId");
  Add(settings, "user").set_callback_param("user");
  Add(settings, "shop");
  const auto attributes = ReadCallbackAttributes(
      settings, {{"realmId", "42"}, {"shop", "other"}, {"state", "s"}},
      {{"shop", "acme"}});
  ASSERT_TRUE(attributes.ok());
  EXPECT_EQ(*attributes, (Attributes{{"realm_id", "42"}, {"shop", "acme"}}));
}

TEST(AttributesTest, RefusesACallbackThatSaysWhatCannotBe) {
  config::v1::Provider settings;
  Add(settings, "realm_id", "[0-9]+").set_callback_param("realmId");
  EXPECT_EQ(
      ReadCallbackAttributes(settings, {{"realmId", "x"}}, {}).status().code(),
      absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReadCallbackAttributes(settings, {{"realmId", "42"}},
                                   {{"realm_id", "41"}})
                .status()
                .code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(ReadCallbackAttributes(settings, {{"realmId", "42"}},
                                     {{"realm_id", "42"}})
                  .ok());
}

TEST(AttributesTest, LearnsFromTheAnswerWhatFits) {
  config::v1::Provider settings;
  Add(settings, "team_id").set_answer_member("team.id");
  Add(settings, "number").set_answer_member("numbers.1");
  Add(settings, "athlete").set_answer_member("athlete");
  Add(settings, "host", "https://[a-z]+\\.test").set_answer_member("host");
  Add(settings, "absent").set_answer_member("team.name");
  const auto answer = nlohmann::json::parse(R"({
    "team": {"id": "T1"}, "numbers": [7, 8], "athlete": {"id": 3},
    "host": "https://evil.example"})");
  EXPECT_EQ(
      ReadAnswerAttributes(settings, answer),
      (Attributes{
          {"team_id", "T1"}, {"number", "8"}, {"athlete", R"({"id":3})"}}));
}

}  // namespace
}  // namespace tokenbroker
