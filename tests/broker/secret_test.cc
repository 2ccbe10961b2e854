// SPDX-License-Identifier: Apache-2.0
#include "broker/secret.h"

#include <cstddef>
#include <cstring>
#include <new>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

// One in the short buffer of a string and one on the heap.
constexpr const char* kShort = "s3cret";
constexpr const char* kLong = "a-refresh-token-longer-than-any-short-buffer";

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};
template <typename T>
concept Comparable = requires(const T& a, const T& b) {
  a == b;
};

static_assert(!std::is_copy_constructible_v<Secret>);
static_assert(!std::is_copy_assignable_v<Secret>);
static_assert(!std::is_convertible_v<std::string, Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, absl::string_view>);
static_assert(!Printable<Secret>);
static_assert(!Comparable<Secret>);

// Looks into the memory of an empty string, which held `size` bytes before.
void ExpectWiped(const std::string& text, size_t size) {
  ASSERT_GE(text.capacity(), size) << "no longer that memory";
  EXPECT_EQ(std::string(text.data(), size), std::string(size, '\0'));
}

TEST(SecretTest, RevealsWhatItHolds) {
  for (const char* text : {"", kShort, kLong}) {
    EXPECT_EQ(Secret(text).Reveal(), text);
  }
  const absl::string_view bytes("\0\xff\0", 3);
  EXPECT_EQ(Secret(bytes).Reveal(), bytes);
}

TEST(SecretTest, IsEmptyOnlyWithoutBytes) {
  EXPECT_TRUE(Secret().empty());
  EXPECT_TRUE(Secret("").empty());
  EXPECT_FALSE(Secret("x").empty());
}

TEST(SecretTest, TakesTheBytesAndWipesTheirString) {
  for (const char* text : {kShort, kLong}) {
    std::string bytes = text;
    const Secret secret = Secret::Take(&bytes);
    EXPECT_EQ(secret.Reveal(), text);
    EXPECT_TRUE(bytes.empty());
    ExpectWiped(bytes, absl::string_view(text).size());
  }
}

TEST(SecretTest, WipesWhatStoodInAStringBeforeItBecameShorter) {
  std::string text = kLong;
  text.resize(1);
  WipeString(&text);
  EXPECT_TRUE(text.empty());
  ExpectWiped(text, absl::string_view(kLong).size());
}

TEST(SecretTest, LeavesNothingBehindWhenItIsMoved) {
  for (const char* text : {kShort, kLong}) {
    Secret from{absl::string_view(text)};
    Secret to = std::move(from);
    EXPECT_EQ(to.Reveal(), text);
    EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move)
    const std::string left(reinterpret_cast<const char*>(&from), sizeof(from));
    EXPECT_FALSE(absl::StrContains(left, text));

    Secret assigned("something else");
    assigned = std::move(to);
    EXPECT_EQ(assigned.Reveal(), text);
    EXPECT_TRUE(to.empty());  // NOLINT(bugprone-use-after-move)
    const std::string rest(reinterpret_cast<const char*>(&to), sizeof(to));
    EXPECT_FALSE(absl::StrContains(rest, text));
  }
}

TEST(SecretTest, SurvivesAMoveToItself) {
  Secret secret(kLong);
  Secret& same = secret;
  secret = std::move(same);
  EXPECT_EQ(secret.Reveal(), kLong);
}

TEST(SecretTest, WipesItsMemoryWhenItEnds) {
  alignas(Secret) unsigned char place[sizeof(Secret)];
  Secret* const secret = new (place) Secret(kShort);
  ASSERT_EQ(secret->Reveal(), kShort);
  secret->~Secret();
  char left[sizeof(Secret)];
  std::memcpy(left, place, sizeof(place));
  EXPECT_FALSE(
      absl::StrContains(absl::string_view(left, sizeof(left)), kShort));
}

TEST(SecretTest, ClonesIntoASecondHolder) {
  Secret first(kLong);
  const Secret second = first.Clone();
  first = Secret();
  EXPECT_EQ(second.Reveal(), kLong);
}

TEST(SecretTest, MatchesTheSameBytesOnly) {
  const Secret secret(kShort);
  EXPECT_TRUE(secret.Matches(kShort));
  for (const char* other : {"", "s3cre", "s3cret ", "S3cret", "s3creT"}) {
    EXPECT_FALSE(secret.Matches(other)) << other;
  }
  EXPECT_FALSE(secret.Matches(absl::string_view("s3cret\0", 7)));
  EXPECT_TRUE(Secret().Matches(""));
  EXPECT_FALSE(Secret().Matches("x"));
}

}  // namespace
}  // namespace tokenbroker
