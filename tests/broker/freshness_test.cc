// SPDX-License-Identifier: Apache-2.0
#include "broker/freshness.h"

#include <algorithm>
#include <optional>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

constexpr absl::Time kObtained = absl::FromUnixSeconds(1'800'000'000);
constexpr absl::Duration kTick = absl::Milliseconds(1);

TokenLife LifeOf(absl::Duration whole) {
  return {.obtain_time = kObtained, .expire_time = kObtained + whole};
}

TokenLife EndlessLife() { return {.obtain_time = kObtained}; }

TEST(FreshnessTest, IsAliveUpToItsEndAndNotAtIt) {
  const TokenLife life = LifeOf(absl::Hours(1));
  EXPECT_TRUE(IsAlive(life, kObtained));
  EXPECT_TRUE(IsAlive(life, life.expire_time - kTick));
  EXPECT_FALSE(IsAlive(life, life.expire_time));
  EXPECT_FALSE(IsAlive(life, life.expire_time + kTick));
}

TEST(FreshnessTest, IsAliveForeverWithoutAnEnd) {
  EXPECT_TRUE(IsAlive(EndlessLife(), kObtained + absl::Hours(1'000'000)));
}

TEST(FreshnessTest, IsDeadWhenItWasObtainedUnderAnotherClock) {
  const struct {
    absl::Duration ahead;  // of now, when it was obtained
    bool known;
  } cases[] = {
      {-absl::Minutes(3), true},
      {absl::ZeroDuration(), true},
      {absl::Seconds(1), true},
      {absl::Minutes(1), true},
      {absl::Minutes(1) + kTick, false},
      {absl::Hours(2), false},
      {absl::Hours(24 * 365 * 50), false},
  };
  for (const auto& test : cases) {
    const absl::Time now = kObtained - test.ahead;
    EXPECT_EQ(IsAlive(LifeOf(absl::Hours(1)), now), test.known) << test.ahead;
    for (const auto min_ttl :
         {std::optional<absl::Duration>(), std::optional(absl::Minutes(5)),
          std::optional(absl::InfiniteDuration())}) {
      EXPECT_EQ(IsFresh(LifeOf(absl::Hours(1)), now, min_ttl), test.known)
          << test.ahead;
    }
    EXPECT_TRUE(IsAlive(EndlessLife(), now)) << test.ahead;
    EXPECT_TRUE(IsFresh(EndlessLife(), now, absl::Hours(1))) << test.ahead;
  }
}

TEST(FreshnessTest, IsFreshWhileTheRestCoversTheDemand) {
  const struct {
    const char* what;
    absl::Duration whole;
    std::optional<absl::Duration> min_ttl;
    absl::Duration least;  // what must be left
  } cases[] = {
      {"no demand: a minute", absl::Hours(1), std::nullopt, absl::Minutes(1)},
      {"no demand, the longest life with less than a minute's demand",
       absl::Minutes(10), std::nullopt, absl::Minutes(1)},
      {"no demand, short life: a tenth of it", absl::Minutes(5), std::nullopt,
       absl::Seconds(30)},
      {"a demand", absl::Hours(1), absl::Minutes(20), absl::Minutes(20)},
      {"less than the default", absl::Hours(1), absl::Seconds(5),
       absl::Seconds(5)},
      {"nine tenths", absl::Minutes(100), absl::Minutes(90), absl::Minutes(90)},
      {"more than nine tenths", absl::Minutes(100), absl::Minutes(99),
       absl::Minutes(90)},
      {"more than the life", absl::Minutes(100), absl::Hours(24),
       absl::Minutes(90)},
      {"for ever", absl::Minutes(100), absl::InfiniteDuration(),
       absl::Minutes(90)},
  };
  for (const auto& test : cases) {
    const TokenLife life = LifeOf(test.whole);
    const absl::Time last = life.expire_time - test.least;
    EXPECT_TRUE(IsFresh(life, kObtained, test.min_ttl)) << test.what;
    EXPECT_TRUE(IsFresh(life, last - kTick, test.min_ttl)) << test.what;
    EXPECT_FALSE(IsFresh(life, last + kTick, test.min_ttl)) << test.what;
  }
}

TEST(FreshnessTest, CountsTheBoundItselfAsFresh) {
  const TokenLife life = LifeOf(absl::Hours(1));
  EXPECT_TRUE(
      IsFresh(life, life.expire_time - absl::Minutes(20), absl::Minutes(20)));
}

TEST(FreshnessTest, IsNeverFreshWhenItIsDead) {
  const TokenLife life = LifeOf(absl::Hours(1));
  for (const absl::Duration min_ttl :
       {absl::ZeroDuration(), -absl::Hours(1), absl::Minutes(1)}) {
    EXPECT_FALSE(IsFresh(life, life.expire_time, min_ttl)) << min_ttl;
  }
  EXPECT_TRUE(IsFresh(life, life.expire_time - kTick, absl::ZeroDuration()));
  EXPECT_FALSE(IsFresh(LifeOf(absl::ZeroDuration()), kObtained, std::nullopt));
}

TEST(FreshnessTest, IsFreshForEverWithoutAnEnd) {
  EXPECT_TRUE(IsFresh(EndlessLife(), kObtained + absl::Hours(1'000'000),
                      absl::Hours(1'000'000)));
}

TEST(FreshnessTest, GivesAJustObtainedTokenToWhoeverAsksForTooMuch) {
  // Else each such call would cost a refresh.
  for (const absl::Duration whole :
       {absl::Seconds(1), absl::Minutes(1), absl::Hours(1), absl::Hours(999)}) {
    EXPECT_TRUE(IsFresh(LifeOf(whole), kObtained + whole * 0.09,
                        absl::InfiniteDuration()))
        << whole;
  }
}

TEST(DueTimeTest, LiesBetweenThreeFifthsAndThreeQuartersOfTheLife) {
  const struct {
    absl::Duration whole;
    double jitter;
    absl::Duration due;  // after it was obtained
  } cases[] = {
      {absl::Hours(1), 0, absl::Minutes(45)},
      {absl::Hours(1), 0.5, absl::Seconds(2430)},  // 0.675 * 3600
      {absl::Hours(10), 0, absl::Minutes(450)},
      {absl::Minutes(100), 0.2, absl::Minutes(72)},
      // 10 s before the end is later than three quarters from 40 s on.
      {absl::Seconds(40), 0, absl::Seconds(30)},
      {absl::Seconds(30), 0, absl::Seconds(20)},
      {absl::Seconds(30), 0.99, absl::Milliseconds(18'045)},
      // Below 20 s half the life is shorter than 10 s.
      {absl::Seconds(20), 0, absl::Seconds(10)},
      {absl::Seconds(10), 0, absl::Seconds(5)},
  };
  for (const auto& test : cases) {
    const absl::Duration off = absl::AbsDuration(
        DueTime(LifeOf(test.whole), test.jitter) - kObtained - test.due);
    EXPECT_LT(off, absl::Microseconds(1)) << test.whole << " " << test.jitter;
  }
}

TEST(DueTimeTest, ComesBeforeTheEndAndAfterTheBeginning) {
  for (const absl::Duration whole :
       {absl::Milliseconds(1), absl::Seconds(1), absl::Seconds(15),
        absl::Minutes(1), absl::Hours(1), absl::Hours(24 * 365)}) {
    for (const double jitter : {0.0, 0.25, 0.5, 0.999999}) {
      const TokenLife life = LifeOf(whole);
      const absl::Time due = DueTime(life, jitter);
      EXPECT_GT(due, life.obtain_time) << whole << " " << jitter;
      EXPECT_LT(due, life.expire_time) << whole << " " << jitter;
      EXPECT_LE(due, life.expire_time - std::min(whole / 2, absl::Seconds(10)))
          << whole << " " << jitter;
    }
  }
}

TEST(DueTimeTest, SpreadsAHerdOverFifteenHundredthsOfTheLife) {
  const TokenLife life = LifeOf(absl::Hours(1));
  const absl::Duration spread = DueTime(life, 0) - DueTime(life, 0.9999999);
  EXPECT_LT(absl::AbsDuration(spread - absl::Minutes(9)), absl::Seconds(1));
}

TEST(DueTimeTest, NeverComesForALifeWithoutAnEnd) {
  EXPECT_EQ(DueTime(EndlessLife(), 0.5), absl::InfiniteFuture());
}

}  // namespace
}  // namespace tokenbroker
