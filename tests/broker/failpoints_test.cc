// SPDX-License-Identifier: Apache-2.0
#include "broker/failpoints.h"

#include <chrono>
#include <csignal>
#include <cstdlib>

#include "gtest/gtest.h"

namespace tokenbroker::failpoints {
namespace {

// The environment is read once in a process, so each case has one of its own,
// in which `check` says whether all is well.
template <typename Check>
void InProcessWith(const char* armed, const Check& check) {
  EXPECT_EXIT(
      {
        setenv("TOKENBROKER_FAILPOINTS", armed, 1);
        std::_Exit(check() ? 0 : 1);
      },
      testing::ExitedWithCode(0), "")
      << armed;
}

TEST(FailpointsDeathTest, AreHarmlessUntilArmed) {
  InProcessWith("", [] {
    for (const char* point : kPoints) {
      if (!Reach(point).ok()) return false;
    }
    for (const char* step : kSteps) {
      if (IsOff(step)) return false;
    }
    return CheckEnvironment().ok();
  });
}

TEST(FailpointsDeathTest, Kill) {
  EXPECT_EXIT(
      {
        setenv("TOKENBROKER_FAILPOINTS", "exchange.after_begin=kill", 1);
        Reach("exchange.before_begin").IgnoreError();
        Reach("exchange.after_begin").IgnoreError();
        std::_Exit(0);
      },
      testing::KilledBySignal(SIGKILL), "");
}

TEST(FailpointsDeathTest, FailFromTheNamedTimeOn) {
  InProcessWith("storage.before_write=error#3", [] {
    return Reach(kFailing).ok() && Reach(kFailing).ok() &&
           absl::IsUnavailable(Reach(kFailing)) && !Reach(kFailing).ok();
  });
}

TEST(FailpointsDeathTest, Delay) {
  InProcessWith("refresh.after_commit=delay:20", [] {
    const auto start = std::chrono::steady_clock::now();
    const bool ok = Reach("refresh.after_commit").ok();
    return ok && std::chrono::steady_clock::now() - start >=
                     std::chrono::milliseconds(20);
  });
}

TEST(FailpointsDeathTest, HappenAsOftenAsTheirProbabilitySays) {
  InProcessWith("storage.before_write=error@0.5", [] {
    int failed = 0;
    for (int i = 0; i < 1000; ++i) failed += Reach(kFailing).ok() ? 0 : 1;
    return failed > 350 && failed < 650;
  });
}

TEST(FailpointsDeathTest, SwitchStepsOff) {
  InProcessWith("storage.sync=off;broker.flights=off", [] {
    return IsOff("storage.sync") && IsOff("broker.flights") &&
           !IsOff("storage.compare");
  });
}

TEST(FailpointsDeathTest, RefuseWhatCannotBeRead) {
  for (const char* bad :
       {"x=kill", "exchange.after_begin",
        "exchange.after_begin=", "exchange.after_begin=boom",
        "exchange.after_begin=kill@2", "exchange.after_begin=kill@x",
        "exchange.after_begin=kill#0", "exchange.after_begin=delay",
        "exchange.after_begin=delay:-1", "exchange.after_begin=off",
        "exchange.after_begin=error", "storage.sync=kill"}) {
    InProcessWith(bad,
                  [] { return absl::IsInvalidArgument(CheckEnvironment()); });
  }
}

}  // namespace
}  // namespace tokenbroker::failpoints
