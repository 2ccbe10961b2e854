// SPDX-License-Identifier: Apache-2.0
#include "broker/random.h"

#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "tests/contract/random_contract.h"
#include "tests/fakes/counting_random.h"

namespace tokenbroker {
namespace {

std::unique_ptr<Random> MakeSystemRandom() {
  return std::make_unique<SystemRandom>();
}
std::unique_ptr<Random> MakeCountingRandom() {
  return std::make_unique<CountingRandom>();
}

INSTANTIATE_TEST_SUITE_P(System, RandomContract,
                         testing::Values(MakeSystemRandom));
INSTANTIATE_TEST_SUITE_P(Counting, RandomContract,
                         testing::Values(MakeCountingRandom));

TEST(CountingRandomTest, GivesTheSameInEachRun) {
  CountingRandom one;
  CountingRandom other;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(one.Bytes(32), other.Bytes(32));
}

class FixedRandom final : public Random {
 public:
  explicit FixedRandom(const char* hex) : bytes_(absl::HexStringToBytes(hex)) {}
  std::string Bytes(size_t count) override {
    EXPECT_EQ(count, bytes_.size());
    return bytes_;
  }

 private:
  const std::string bytes_;
};

TEST(UnitRandomTest, SpreadsSevenBytesOverTheUnitInterval) {
  // The number is (56 bits without the last 3) / 2^53.
  const struct {
    const char* hex;
    double value;
  } cases[] = {
      {"00000000000000", 0.0},         {"00000000000007", 0.0},
      {"00000000000008", 0x1p-53},     {"20000000000000", 0.125},
      {"80000000000000", 0.5},         {"c0000000000000", 0.75},
      {"ffffffffffffff", 1 - 0x1p-53},
  };
  for (const auto& test : cases) {
    FixedRandom random(test.hex);
    EXPECT_EQ(UnitRandom(random), test.value) << test.hex;
  }
}

TEST(UnitRandomTest, NeverReachesOne) {
  FixedRandom random("ffffffffffffff");
  EXPECT_LT(UnitRandom(random), 1.0);
}

TEST(UnitRandomTest, LandsInEachTenthAboutEquallyOften) {
  SystemRandom random;
  constexpr int kDraws = 10000;
  int tenths[10] = {};
  for (int i = 0; i < kDraws; ++i) {
    ++tenths[static_cast<int>(UnitRandom(random) * 10)];
  }
  // 1000 are expected, with a standard deviation of 30: ten of them.
  for (const int count : tenths) EXPECT_NEAR(count, 1000, 300);
}

}  // namespace
}  // namespace tokenbroker
