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

// A machine whose two clocks are moved by hand.
struct Machine {
  absl::Time wall = kStart;
  absl::Duration uptime = absl::Hours(5);

  void Pass(absl::Duration duration) {
    wall += duration;
    uptime += duration;
  }
  SystemClock Clock() {
    return SystemClock([this] { return wall; }, [this] { return uptime; });
  }
};

TEST(SystemClockTest, FollowsTheMachineWhateverTheWallClockDoes) {
  const struct {
    const char* what;
    absl::Duration step;    // of the wall clock, in the middle
    double wall_rate;       // of the wall clock against uptime
    absl::Duration every;   // read so often, for two hours
    absl::Duration offset;  // what is left in the end
  } cases[] = {
      {"steady", absl::ZeroDuration(), 1, absl::Seconds(1),
       absl::ZeroDuration()},
      {"slewed as fast as the kernel does", absl::ZeroDuration(), 1.0005,
       absl::Milliseconds(200), absl::ZeroDuration()},
      {"slewed back", absl::ZeroDuration(), 0.9995, absl::Seconds(7),
       absl::ZeroDuration()},
      {"two hours forward", absl::Hours(2), 1, absl::Milliseconds(200),
       absl::Hours(2) - absl::Seconds(36)},
      {"two hours backward", -absl::Hours(2), 1, absl::Milliseconds(200),
       -absl::Hours(2) + absl::Seconds(36)},
      {"half a minute forward, read seldom", absl::Seconds(30), 1,
       absl::Minutes(10), absl::ZeroDuration()},
      {"half a minute backward", -absl::Seconds(30), 1, absl::Seconds(1),
       absl::ZeroDuration()},
      {"to the epoch", kStart - absl::UnixEpoch(), 1, absl::Seconds(1),
       kStart - absl::UnixEpoch() - absl::Seconds(36)},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.what);
    Machine machine;
    const SystemClock clock = machine.Clock();
    absl::Time before = clock.TimeNow();
    EXPECT_EQ(before, kStart);
    bool stepped = false;
    for (absl::Duration run; run < absl::Hours(2); run += test.every) {
      if (!stepped && run >= absl::Hours(1)) {
        machine.wall += test.step;
        stepped = true;
      }
      machine.uptime += test.every;
      machine.wall += test.every * test.wall_rate;
      const absl::Time now = clock.TimeNow();
      ASSERT_LE(absl::AbsDuration(now - before - test.every), test.every / 100)
          << run;
      before = now;
    }
    EXPECT_LT(absl::AbsDuration(clock.WallOffset() - test.offset),
              absl::Milliseconds(1))
        << clock.WallOffset();
  }
}

TEST(SystemClockTest, IsAsQuickThroughASuspensionAsTheMachine) {
  Machine machine;
  const SystemClock clock = machine.Clock();
  machine.Pass(absl::Hours(9));
  EXPECT_EQ(clock.TimeNow(), kStart + absl::Hours(9));
  // The wall clock's battery is dead.
  machine.uptime += absl::Hours(1);
  EXPECT_EQ(clock.TimeNow(), kStart + absl::Hours(10) - absl::Seconds(36));
  EXPECT_EQ(clock.WallOffset(), -absl::Hours(1) + absl::Seconds(36));
}

TEST(SystemClockTest, TakesInAStepOfTwoHoursInTwoHundred) {
  Machine machine;
  const SystemClock clock = machine.Clock();
  machine.wall -= absl::Hours(2);
  for (int hour = 1; hour <= 200; ++hour) {
    EXPECT_LT(clock.WallOffset(), absl::ZeroDuration()) << hour;
    machine.Pass(absl::Hours(1));
  }
  EXPECT_EQ(clock.WallOffset(), absl::ZeroDuration());
}

TEST(SystemClockTest, StandsWhereItStoodForAReadingThatCameLate) {
  Machine machine;
  const SystemClock clock = machine.Clock();
  machine.Pass(absl::Seconds(2));
  const absl::Time latest = clock.TimeNow();
  machine.Pass(-absl::Seconds(1));
  EXPECT_EQ(clock.TimeNow(), latest);
  machine.Pass(absl::Seconds(3));
  EXPECT_EQ(clock.TimeNow(), kStart + absl::Seconds(4));
}

TEST(SystemClockTest, StaysWithTheMachinesTime) {
  EXPECT_LT(absl::AbsDuration(SystemClock().WallOffset()), absl::Minutes(1));
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
