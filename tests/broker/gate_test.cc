// SPDX-License-Identifier: Apache-2.0
#include "broker/gate.h"

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

constexpr absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

// How many start when as many as may do so start within `duration`, looked at
// every millisecond.
int StartsWithin(absl::Duration duration, Gate& gate, absl::Time from = kNow) {
  int starts = 0;
  for (absl::Time now = from; now < from + duration;
       now += absl::Milliseconds(1)) {
    while (gate.Wait(now) <= absl::ZeroDuration()) {
      gate.Enter(now, true);
      ++starts;
    }
  }
  return starts;
}

TEST(GateTest, LetsOnlySoManyBeUnderWay) {
  Gate gate({.concurrent = 2});
  EXPECT_TRUE(gate.HasRoom());
  gate.Enter(kNow, true);
  gate.Enter(kNow, true);
  EXPECT_FALSE(gate.HasRoom());
  gate.Leave();
  EXPECT_TRUE(gate.HasRoom());
}

TEST(GateTest, WithoutARateLetsEverybodyStart) {
  Gate gate({.concurrent = 2});
  for (int i = 0; i < 1000; ++i) {
    EXPECT_LE(gate.Wait(kNow), absl::ZeroDuration());
    gate.Enter(kNow, true);
    gate.Leave();
  }
}

TEST(GateTest, StartsAtItsRateAndALittleBurst) {
  const struct {
    absl::Duration interval;
    absl::Duration within;
    int least;
    int most;
  } cases[] = {
      {absl::Milliseconds(2), absl::Seconds(1), 500, 525},  // 500/s
      {absl::Milliseconds(2), absl::Seconds(10), 5000, 5025},
      {absl::Milliseconds(20), absl::Seconds(10), 500, 503},  // 50/s
      {absl::Seconds(1), absl::Seconds(10), 10, 10},
      {absl::Minutes(1), absl::Minutes(3), 3, 3},
  };
  for (const auto& c : cases) {
    Gate gate({.interval = c.interval});
    const int starts = StartsWithin(c.within, gate);
    EXPECT_GE(starts, c.least) << c.interval;
    EXPECT_LE(starts, c.most) << c.interval;
  }
}

TEST(GateTest, MakesUpForNoMoreThanAMomentAfterAQuietHour) {
  Gate gate({.interval = absl::Milliseconds(2)});
  StartsWithin(absl::Seconds(1), gate);
  EXPECT_LE(StartsWithin(absl::Seconds(1), gate, kNow + absl::Hours(1)), 525);
}

TEST(GateTest, DoesNotCountWhoAsksNobody) {
  Gate gate({.interval = absl::Minutes(1)});
  for (int i = 0; i < 5; ++i) gate.Enter(kNow, false);
  EXPECT_LE(gate.Wait(kNow), absl::ZeroDuration());
  gate.Enter(kNow, true);
  EXPECT_EQ(gate.Wait(kNow), absl::Minutes(1));
}

TEST(GateTest, IsNotShutByAClockThatWasSetBack) {
  Gate gate({.interval = absl::Seconds(1)});
  gate.Enter(kNow + absl::Hours(10), true);
  EXPECT_LE(gate.Wait(kNow), absl::Seconds(1));
}

}  // namespace
}  // namespace tokenbroker
