// SPDX-License-Identifier: Apache-2.0
#include "providers/form.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

// The example of RFC 6749, Appendix B: U+0020, U+0025, U+0026, U+002B, U+00A3
// and U+20AC.
TEST(FormTest, EscapesTheExampleOfRfc6749) {
  EXPECT_EQ(FormEscape(" %&+\u00a3\u20ac"), "+%25%26%2B%C2%A3%E2%82%AC");
}

TEST(FormTest, EscapesEveryByteButLettersDigitsAndFourSigns) {
  const std::string signs = "*-._";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    std::string expected = absl::StrFormat("%%%02X", byte);
    if (byte == ' ') expected = "+";
    if (absl::ascii_isalnum(c) || signs.find(c) != std::string::npos) {
      expected = std::string(1, c);
    }
    EXPECT_EQ(FormEscape(std::string(1, c)), expected) << byte;
  }
}

TEST(FormTest, KeepsTheOrderOfItsMembers) {
  Form form;
  form.Add("z", "1").Add("a", "2").Add("z", "3");
  EXPECT_EQ(form.text(), "z=1&a=2&z=3");
}

TEST(FormTest, EscapesNamesAndValues) {
  Form form;
  form.Add("a&b", "c=d").Add("empty", "");
  EXPECT_EQ(form.text(), "a%26b=c%3Dd&empty=");
}

TEST(FormTest, IsEmptyOnceItsTextIsTaken) {
  Form form;
  form.Add("token", "t");
  EXPECT_EQ(form.TakeText().Reveal(), "token=t");
  EXPECT_EQ(form.text(), "");
}

TEST(FormTest, IsReadBack) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  const struct {
    const char* text;
    Pairs pairs;
  } cases[] = {{"", {}},
               {"a=1&b=x+y%2Bz", {{"a", "1"}, {"b", "x y+z"}}},
               {"a=b=c&&d&=e", {{"a", "b=c"}, {"d", ""}, {"", "e"}}},
               {"a=%zz&b=%4&c=%", {{"a", "%zz"}, {"b", "%4"}, {"c", "%"}}},
               {"a=%41", {{"a", "A"}}}};
  for (const auto& test : cases) {
    EXPECT_EQ(ParseForm(test.text), test.pairs) << test.text;
  }
  Form form;
  form.Add("n a", "\xff& =%+");
  EXPECT_EQ(ParseForm(form.text()), (Pairs{{"n a", "\xff& =%+"}}));
}

}  // namespace
}  // namespace tokenbroker
