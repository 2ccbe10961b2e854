// SPDX-License-Identifier: Apache-2.0
#include "storage/guarded_key.h"

#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

TEST(GuardedKeyTest, HoldsWhatTheBase64Says) {
  const std::string bytes = std::string("\0\xff", 2) + std::string(30, 'k');
  auto key = GuardedKey::FromBase64(absl::Base64Escape(bytes));
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->bytes(), bytes);
  const GuardedKey moved = *std::move(key);
  EXPECT_EQ(moved.bytes(), bytes);
}

TEST(GuardedKeyTest, RefusesWhatIsNot32BytesInStrictBase64) {
  // 31, 33 and no bytes.
  const std::string good = absl::Base64Escape(std::string(32, 'k'));
  ASSERT_EQ(good.size(), 44u);
  const std::string cases[] = {"", absl::Base64Escape(std::string(31, 'k')),
                               absl::Base64Escape(std::string(33, 'k')),
                               good.substr(0, 43),  // padding is missing
                               good + "\n", " " + good, good + good,
                               good.substr(0, 20) + "\n" + good.substr(20),
                               // The URL's alphabet, and bits that no byte has.
                               "____________________________________________",
                               good.substr(0, 42) + "t="};
  for (const std::string& base64 : cases) {
    EXPECT_EQ(GuardedKey::FromBase64(base64).status().code(),
              absl::StatusCode::kInvalidArgument)
        << base64;
  }
}

TEST(GuardedKeyDeathTest, CannotBeWrittenOver) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto key =
      GuardedKey::FromBase64(absl::Base64Escape(std::string(32, 'k')));
  ASSERT_TRUE(key.ok());
  EXPECT_DEATH(const_cast<char*>(key->bytes().data())[0] = 'x', "");
  // Behind it a guard page.
  EXPECT_DEATH(
      {
        volatile char beyond = key->bytes().data()[32];
        (void)beyond;
      },
      "");
}

}  // namespace
}  // namespace tokenbroker
