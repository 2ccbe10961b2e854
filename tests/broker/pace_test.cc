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
