// SPDX-License-Identifier: Apache-2.0
#include "providers/json.h"

#include <string>

#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

// `levels` objects in each other, around the number 1.
std::string Nested(int levels) {
  std::string text;
  for (int i = 0; i < levels; ++i) text += R"({"a":)";
  return text + "1" + std::string(levels, '}');
}

TEST(JsonTest, ReadsAnObject) {
  const auto object = ParseJsonObject(R"( {"a":"b","n":1} )");
  ASSERT_TRUE(object.has_value());
  EXPECT_EQ(StringMember(*object, "a"), "b");
}

TEST(JsonTest, RefusesWhatIsNotOneObject) {
  for (const char* text :
       {"", " ", "null", "1", "true", "\"text\"", "[]", "[{}]", "{", "{}}",
        "{} {}", "{\"a\":1,}", "{'a':1}", "{a:1}", "{\"a\":NaN}",
        "{\"a\":1e999}", "<html></html>", "access_token=a&expires_in=1"}) {
    EXPECT_FALSE(ParseJsonObject(text).has_value()) << text;
  }
}

TEST(JsonTest, ReadsThirtyTwoLevelsAndNoMore) {
  EXPECT_TRUE(ParseJsonObject(Nested(32)).has_value());
  EXPECT_FALSE(ParseJsonObject(Nested(33)).has_value());
  // What is at the bottom does not matter.
  for (const char* bottom : {"{}", "[]", "[1,[2]]"}) {
    std::string text = Nested(32);
    text.replace(text.find('1'), 1, bottom);
    EXPECT_FALSE(ParseJsonObject(text).has_value()) << bottom;
  }
}

TEST(JsonTest, RefusesAHundredThousandLevels) {
  EXPECT_FALSE(ParseJsonObject(Nested(100'000)).has_value());
  EXPECT_FALSE(
      ParseJsonObject("{\"a\":" + std::string(100'000, '[')).has_value());
}

TEST(JsonTest, RefusesWhatIsNotUtf8) {
  for (const char* bytes :
       {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80"}) {
    EXPECT_FALSE(
        ParseJsonObject("{\"a\":\"" + std::string(bytes) + "\"}").has_value());
  }
}

TEST(JsonTest, IsEmptyForAMemberThatIsNoString) {
  const auto object = ParseJsonObject(R"({"n":1,"z":null,"o":{},"l":["a"]})");
  ASSERT_TRUE(object.has_value());
  for (const char* name : {"n", "z", "o", "l", "missing"}) {
    EXPECT_EQ(StringMember(*object, name), "") << name;
  }
}

TEST(JsonTest, TakesASecretOutOfTheObject) {
  auto object = ParseJsonObject(R"({"token":"s3cret","n":1})");
  ASSERT_TRUE(object.has_value());
  EXPECT_EQ(TakeSecretMember(&*object, "token").Reveal(), "s3cret");
  EXPECT_EQ(object->dump().find("s3cret"), std::string::npos);
  EXPECT_TRUE(TakeSecretMember(&*object, "n").empty());
  EXPECT_TRUE(TakeSecretMember(&*object, "missing").empty());
}

TEST(JsonTest, FindsMembersByTheirPath) {
  auto object = ParseJsonObject(
      R"({"a":{"b":[{"c":"deep"},"second"]},"0":"zero","x.y":1,"n":null})");
  ASSERT_TRUE(object.has_value());
  const struct {
    const char* path;
    const char* text;
  } cases[] = {{"a.b.0.c", "deep"},   {"a.b.1", "second"},
               {"0", "zero"},         {"a.b", R"([{"c":"deep"},"second"])"},
               {"a.b.2", ""},         {"a.b.-1", ""},
               {"a.b.0.c.d", ""},     {"a..b", ""},
               {"x.y", ""},           {"n", ""},
               {"a.b.4294967297", ""}};
  for (const auto& test : cases) {
    EXPECT_EQ(TextAt(*object, test.path), test.text) << test.path;
  }
  EXPECT_EQ(MemberAt(*object, ""), &*object);
  EXPECT_EQ(MemberAt(*object, "nobody"), nullptr);
  EXPECT_EQ(MutableMemberAt(&*object, "nobody"), nullptr);
}

TEST(JsonTest, WritesValuesAsText) {
  const auto object = ParseJsonObject(
      R"({"s":"text","i":40030,"f":1.5,"t":true,"o":{},"l":[],"e":""})");
  ASSERT_TRUE(object.has_value());
  EXPECT_EQ(TextAt(*object, "s"), "text");
  EXPECT_EQ(TextAt(*object, "i"), "40030");
  EXPECT_EQ(TextAt(*object, "f"), "1.5");
  for (const char* none : {"t", "o", "l", "e"}) {
    EXPECT_EQ(TextAt(*object, none), "") << none;
  }
}

}  // namespace
}  // namespace tokenbroker
