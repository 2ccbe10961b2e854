// SPDX-License-Identifier: Apache-2.0
#include "broker/clock.h"

#include <memory>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/contract/clock_contract.h"
#include "tests/fakes/manual_clock.h"

namespace tokenbroker {
namespace {

constexpr absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);

std::unique_ptr<Clock> MakeSystemClock() {
  return std::make_unique<SystemClock>();
}
std::unique_ptr<Clock> MakeManualClock() {
  return std::make_unique<ManualClock>(kStart);
}

INSTANTIATE_TEST_SUITE_P(System, ClockContract,
                         testing::Values(MakeSystemClock));
INSTANTIATE_TEST_SUITE_P(Manual, ClockContract,
                         testing::Values(MakeManualClock));

TEST(SystemClockTest, TellsTheMachinesTime) {
  const absl::Duration apart =
      absl::AbsDuration(SystemClock().TimeNow() - absl::Now());
  EXPECT_LT(apart, absl::Minutes(1));
}

TEST(ManualClockTest, StandsStillUntilItIsMoved) {
  ManualClock clock(kStart);
  EXPECT_EQ(clock.TimeNow(), kStart);
  EXPECT_EQ(clock.TimeNow(), kStart);
  clock.Advance(absl::Seconds(3));
  EXPECT_EQ(clock.TimeNow(), kStart + absl::Seconds(3));
  clock.Advance(-absl::Hours(1));
  EXPECT_EQ(clock.TimeNow(), kStart + absl::Seconds(3) - absl::Hours(1));
  clock.Set(kStart);
  EXPECT_EQ(clock.TimeNow(), kStart);
}

}  // namespace
}  // namespace tokenbroker
