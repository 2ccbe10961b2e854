// SPDX-License-Identifier: Apache-2.0
#include "broker/pace.h"

#include <atomic>
#include <barrier>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "broker/errors.h"
#include "broker/provider.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/threads.h"

namespace tokenbroker {
namespace {

using absl_testing::IsOk;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr absl::Duration kTick = absl::Milliseconds(1);

constexpr OutcomeClass kEveryOutcome[] = {
    OutcomeClass::kSuccess,        OutcomeClass::kNotSent,
    OutcomeClass::kTransient,      OutcomeClass::kUnknown,
    OutcomeClass::kClientRejected, OutcomeClass::kGrantDead,
};

Outcome Ended(OutcomeClass outcome_class,
              absl::Duration retry_after = absl::ZeroDuration()) {
  Outcome outcome;
  outcome.outcome_class = outcome_class;
  outcome.retry_after = retry_after;
  return outcome;
}

TEST(PaceTest, LetsAProviderBeAskedOfWhichNothingIsKnown) {
  Pace pace;
  EXPECT_THAT(pace.MayAsk("google", kNow), IsOk());
  EXPECT_THAT(pace.MayAsk("google", kNow), IsOk());
  EXPECT_FALSE(pace.IsSuspended("google"));
}

TEST(PaceTest, PausesAProviderThatAsksForIt) {
  Pace pace;
  pace.Learn("google", Ended(OutcomeClass::kTransient, absl::Seconds(30)),
             kNow);
  const absl::Status paused = pace.MayAsk("google", kNow + absl::Seconds(10));
  EXPECT_EQ(ReasonOf(paused), v1::ERROR_REASON_PROVIDER_UNAVAILABLE);
  EXPECT_EQ(RetryDelayOf(paused), absl::Seconds(20));
  EXPECT_FALSE(pace.MayAsk("google", kNow + absl::Seconds(30) - kTick).ok());
  EXPECT_THAT(pace.MayAsk("google", kNow + absl::Seconds(30)), IsOk());
}

TEST(PaceTest, HeedsAPauseWhateverElseTheAnswerSaid) {
  for (const OutcomeClass outcome :
       {OutcomeClass::kTransient, OutcomeClass::kUnknown,
        OutcomeClass::kGrantDead}) {
    Pace pace;
    pace.Learn("google", Ended(outcome, absl::Seconds(30)), kNow);
    EXPECT_FALSE(pace.MayAsk("google", kNow + absl::Seconds(29)).ok());
    EXPECT_THAT(pace.MayAsk("google", kNow + absl::Seconds(30)), IsOk());
  }
}

TEST(PaceTest, KeepsTheLongestPause) {
  Pace pace;
  pace.Learn("google", Ended(OutcomeClass::kTransient, absl::Minutes(5)), kNow);
  // Answers to what was asked before the pause was known.
  pace.Learn("google", Ended(OutcomeClass::kTransient, absl::Seconds(1)), kNow);
  pace.Learn("google", Ended(OutcomeClass::kTransient), kNow);
  pace.Learn("google", Ended(OutcomeClass::kSuccess), kNow);
  EXPECT_FALSE(pace.MayAsk("google", kNow + absl::Seconds(299)).ok());
}

TEST(PaceTest, DoesNotPauseAProviderThatOnlyFails) {
  for (const OutcomeClass outcome :
       {OutcomeClass::kSuccess, OutcomeClass::kNotSent,
        OutcomeClass::kTransient, OutcomeClass::kUnknown,
        OutcomeClass::kGrantDead}) {
    Pace pace;
    pace.Learn("google", Ended(outcome), kNow);
    EXPECT_THAT(pace.MayAsk("google", kNow), IsOk());
    EXPECT_FALSE(pace.IsSuspended("google"));
  }
}

TEST(PaceTest, IsNotPausedByAClockThatWasSetBack) {
  Pace pace;
  pace.Learn("google", Ended(OutcomeClass::kUnknown), kNow + absl::Hours(10));
  pace.Learn("google", Ended(OutcomeClass::kTransient), kNow + absl::Hours(10));
  EXPECT_THAT(pace.MayAsk("google", kNow), IsOk());
}

TEST(PaceTest, SuspendsAProviderThatRefusesOurClient) {
  Pace pace;
  pace.Learn("google", Ended(OutcomeClass::kClientRejected), kNow);
  EXPECT_TRUE(pace.IsSuspended("google"));
  EXPECT_EQ(ReasonOf(pace.MayAsk("google", kNow)),
            v1::ERROR_REASON_PROVIDER_MISCONFIGURED);
}

TEST(PaceTest, LetsOneProbeAMinuteThroughWhileSuspended) {
  Pace pace;
  pace.Learn("google", Ended(OutcomeClass::kClientRejected), kNow);
  absl::Time probe = kNow;
  for (int minute = 0; minute < 3; ++minute) {
    probe += absl::Minutes(1);
    EXPECT_FALSE(pace.MayAsk("google", probe - kTick).ok());
    EXPECT_THAT(pace.MayAsk("google", probe), IsOk());
    EXPECT_FALSE(pace.MayAsk("google", probe).ok()) << "the probe is taken";
  }
}

TEST(PaceTest, EndsASuspensionWhenOurClientIsAcceptedAgain) {
  for (const OutcomeClass outcome :
       {OutcomeClass::kSuccess, OutcomeClass::kGrantDead}) {
    Pace pace;
    pace.Learn("google", Ended(OutcomeClass::kClientRejected), kNow);
    pace.Learn("google", Ended(outcome), kNow + absl::Minutes(1));
    EXPECT_FALSE(pace.IsSuspended("google"));
    EXPECT_THAT(pace.MayAsk("google", kNow + absl::Minutes(1)), IsOk());
    EXPECT_THAT(pace.MayAsk("google", kNow + absl::Minutes(1)), IsOk());
  }
}

TEST(PaceTest, StaysSuspendedWhenAProbeGetsNoAnswer) {
  for (const OutcomeClass outcome :
       {OutcomeClass::kNotSent, OutcomeClass::kUnknown}) {
    Pace pace;
    pace.Learn("google", Ended(OutcomeClass::kClientRejected), kNow);
    pace.Learn("google", Ended(outcome), kNow + absl::Minutes(1));
    EXPECT_TRUE(pace.IsSuspended("google"));
  }
}

TEST(PaceTest, SendsNoProbeIntoAPause) {
  Pace pace;
  pace.Learn("google", Ended(OutcomeClass::kTransient, absl::Minutes(10)),
             kNow);
  pace.Learn("google", Ended(OutcomeClass::kClientRejected), kNow);
  EXPECT_FALSE(pace.MayAsk("google", kNow + absl::Minutes(9)).ok());
  EXPECT_THAT(pace.MayAsk("google", kNow + absl::Minutes(10)), IsOk());
}

TEST(PaceTest, KeepsProvidersApart) {
  Pace pace;
  pace.Learn("google", Ended(OutcomeClass::kClientRejected), kNow);
  pace.Learn("kakao", Ended(OutcomeClass::kTransient, absl::Hours(1)), kNow);
  EXPECT_THAT(pace.MayAsk("github", kNow), IsOk());
  EXPECT_FALSE(pace.IsSuspended("kakao"));
  EXPECT_FALSE(pace.IsSuspended("github"));
}

// Ten failures in a row.
void Break(Pace& pace, absl::Time now) {
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(pace.Learn("google", Ended(OutcomeClass::kUnknown), now),
              Pace::Change::kNone);
    EXPECT_THAT(pace.MayAsk("google", now), IsOk());
  }
  EXPECT_EQ(pace.Learn("google", Ended(OutcomeClass::kNotSent), now),
            Pace::Change::kBroken);
}

TEST(PaceTest, BreaksAfterTenFailuresInARow) {
  Pace pace;
  Break(pace, kNow);
  const absl::Status broken = pace.MayAsk("google", kNow);
  EXPECT_EQ(ReasonOf(broken), v1::ERROR_REASON_PROVIDER_UNAVAILABLE);
  EXPECT_EQ(RetryDelayOf(broken), absl::Seconds(1));
  EXPECT_FALSE(pace.IsSuspended("google"));
}

TEST(PaceTest, DoesNotBreakWhereASuccessStandsBetween) {
  for (const OutcomeClass success :
       {OutcomeClass::kSuccess, OutcomeClass::kGrantDead}) {
    Pace pace;
    for (int i = 0; i < 50; ++i) {
      if (i % 9 == 0) pace.Learn("google", Ended(success), kNow);
      pace.Learn("google", Ended(OutcomeClass::kTransient), kNow);
      EXPECT_THAT(pace.MayAsk("google", kNow), IsOk());
    }
  }
}

TEST(PaceTest, ProbesABrokenProviderLessAndLessOften) {
  Pace pace;
  Break(pace, kNow);
  absl::Time now = kNow;
  for (const int seconds : {1, 2, 4, 8, 16, 30, 30}) {
    now += absl::Seconds(seconds);
    EXPECT_FALSE(pace.MayAsk("google", now - kTick).ok()) << seconds;
    EXPECT_THAT(pace.Standing("google", now), IsOk()) << seconds;
    EXPECT_THAT(pace.MayAsk("google", now), IsOk()) << seconds;
    EXPECT_FALSE(pace.MayAsk("google", now).ok()) << "one probe at a time";
    pace.Learn("google", Ended(OutcomeClass::kUnknown), now);
  }
}

TEST(PaceTest, LearnsNothingFromWhatWasUnderWayWhenItBroke) {
  Pace pace;
  Break(pace, kNow);
  for (int i = 0; i < 15; ++i) {
    pace.Learn("google", Ended(OutcomeClass::kUnknown), kNow + kTick);
  }
  EXPECT_THAT(pace.MayAsk("google", kNow + absl::Seconds(1)), IsOk());
}

TEST(PaceTest, OpensWithTheFirstProbeThatSucceeds) {
  Pace pace;
  Break(pace, kNow);
  EXPECT_EQ(pace.Learn("google", Ended(OutcomeClass::kSuccess), kNow),
            Pace::Change::kOpened);
  EXPECT_THAT(pace.MayAsk("google", kNow), IsOk());
  EXPECT_THAT(pace.MayAsk("google", kNow), IsOk());
}

TEST(PaceTest, ProbesAgainWhenAProbesOutcomeNeverComes) {
  Pace pace;
  Break(pace, kNow);
  EXPECT_THAT(pace.MayAsk("google", kNow + absl::Seconds(1)), IsOk());
  EXPECT_THAT(pace.MayAsk("google", kNow + absl::Seconds(31)), IsOk());
}

TEST(PaceTest, TellsWhatChangedOnce) {
  Pace pace;
  EXPECT_EQ(pace.Learn("google", Ended(OutcomeClass::kSuccess), kNow),
            Pace::Change::kNone);
  EXPECT_EQ(pace.Learn("google", Ended(OutcomeClass::kClientRejected), kNow),
            Pace::Change::kSuspended);
  EXPECT_EQ(pace.Learn("google", Ended(OutcomeClass::kClientRejected), kNow),
            Pace::Change::kNone);
  EXPECT_EQ(pace.Learn("google", Ended(OutcomeClass::kSuccess), kNow),
            Pace::Change::kOpened);
}

TEST(PaceTest, GivesTheProbeToOneOfManyThreads) {
  constexpr int kThreads = 8;
  Pace pace;
  pace.Learn("google", Ended(OutcomeClass::kClientRejected), kNow);
  std::vector<std::atomic<int>> probes(1000);
  std::barrier next_minute(kThreads);
  RunInThreads(kThreads, [&](int) {
    absl::Time now = kNow;
    for (std::atomic<int>& taken : probes) {
      now += absl::Minutes(1);
      next_minute.arrive_and_wait();
      if (pace.MayAsk("google", now).ok()) ++taken;
      for (const OutcomeClass outcome : kEveryOutcome) {
        pace.Learn(absl::FormatTime(now), Ended(outcome), now);
      }
    }
  });
  for (const std::atomic<int>& taken : probes) ASSERT_EQ(taken, 1);
}

}  // namespace
}  // namespace tokenbroker
