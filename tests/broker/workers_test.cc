// SPDX-License-Identifier: Apache-2.0
#include "broker/workers.h"

#include <atomic>
#include <cstddef>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "broker/errors.h"
#include "gtest/gtest.h"
#include "tests/fakes/manual_clock.h"
#include "tests/status_matchers.h"
#include "tests/threads.h"

namespace tokenbroker {
namespace {

using absl_testing::IsOk;
using Lane = Workers::Lane;

struct PoolParts {
  ManualClock clock{absl::FromUnixSeconds(1'800'000'000)};
  Pace pace;
};

// Workers of which most tests only need the queue of no provider.
class Pool : public PoolParts, public Workers {
 public:
  Pool(int threads, size_t waiting,
       absl::flat_hash_map<std::string, GateLimits> gates = {})
      : Workers({.threads = threads,
                 .waiting_callers = waiting,
                 .waiting_due = waiting,
                 .gates = std::move(gates)},
                clock, pace) {}

  using Workers::Run;
  absl::Status Run(Lane lane, std::function<void()> task) {
    return Run(kNoProvider, lane, std::move(task));
  }
};

// Keeps a worker busy until it is opened. Outlives the workers.
class Barrier {
 public:
  // Runs a task that waits for Open, and returns when it runs.
  void Occupy(Pool& workers,
              absl::string_view provider = Workers::kNoProvider) {
    EXPECT_THAT(workers.Run(provider, Lane::kCaller,
                            [this] {
                              running_.set_value();
                              opened_.wait();
                            }),
                IsOk());
    running_.get_future().wait();
  }
  void Open() { open_.set_value(); }

 private:
  std::promise<void> running_;
  std::promise<void> open_;
  const std::future<void> opened_ = open_.get_future();
};

TEST(WorkersTest, RunATask) {
  std::promise<int> answer;
  Pool workers(2, 10);
  ASSERT_THAT(workers.Run(Lane::kDormant, [&] { answer.set_value(42); }),
              IsOk());
  EXPECT_EQ(answer.get_future().get(), 42);
}

TEST(WorkersTest, RunAsManyTasksAtOnceAsTheyAre) {
  Barrier gates[3];
  Pool workers(3, 10);
  for (Barrier& gate : gates) gate.Occupy(workers);  // returns: each runs
  for (Barrier& gate : gates) gate.Open();
}

TEST(WorkersTest, RunWhatACallerWaitsForFirst) {
  std::string order;
  {
    Barrier gate;
    Pool workers(1, 10);
    gate.Occupy(workers);
    for (const char name : {'x', 'y'}) {
      EXPECT_THAT(
          workers.Run(Lane::kDormant, [&order, name] { order += name; }),
          IsOk());
    }
    for (const char name : {'a', 'b'}) {
      EXPECT_THAT(workers.Run(Lane::kCaller, [&order, name] { order += name; }),
                  IsOk());
    }
    gate.Open();
  }
  EXPECT_EQ(order, "abxy");
}

TEST(WorkersTest, RefuseWhatALaneCannotHold) {
  std::atomic<int> ran = 0;
  const auto task = [&ran] { ++ran; };
  {
    Barrier gate;
    Pool workers(1, 2);
    gate.Occupy(workers);
    for (const Lane lane : {Lane::kDormant, Lane::kCaller}) {
      EXPECT_THAT(workers.Run(lane, task), IsOk());
      EXPECT_THAT(workers.Run(lane, task), IsOk());
      EXPECT_EQ(ReasonOf(workers.Run(lane, task)), v1::ERROR_REASON_OVERLOADED);
    }
    gate.Open();
  }
  EXPECT_EQ(ran, 4) << "what was refused never runs";
}

TEST(WorkersTest, AcceptAgainWhenALaneHasRoom) {
  Barrier gates[3];
  std::promise<void> done[3];
  Pool workers(1, 1);
  for (int i = 0; i < 3; ++i) {
    gates[i].Occupy(workers);
    EXPECT_THAT(workers.Run(Lane::kCaller, [&done, i] { done[i].set_value(); }),
                IsOk());
    EXPECT_FALSE(workers.Run(Lane::kCaller, [] {}).ok());
    gates[i].Open();
    done[i].get_future().wait();
  }
}

TEST(WorkersTest, AreIdleOnlyWhenNothingRuns) {
  Barrier gate;
  Pool workers(1, 10);
  EXPECT_TRUE(workers.IsIdle());
  gate.Occupy(workers);
  EXPECT_FALSE(workers.IsIdle()) << "one runs";
  gate.Open();
  workers.Drain();
  EXPECT_TRUE(workers.IsIdle());
}

TEST(WorkersTest, AreNotIdleWhileATaskWaits) {
  Pool workers(0, 10);  // nobody takes it
  ASSERT_THAT(workers.Run(Lane::kDormant, [] {}), IsOk());
  EXPECT_FALSE(workers.IsIdle());
}

TEST(WorkersTest, RunEverythingAcceptedBeforeADrainReturns) {
  std::atomic<int> ran = 0;
  Barrier gate;
  Pool workers(2, 100);
  gate.Occupy(workers);
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(workers.Run(i % 2 == 0 ? Lane::kCaller : Lane::kDormant,
                            [&ran] { ++ran; }),
                IsOk());
  }
  gate.Open();
  workers.Drain();
  EXPECT_EQ(ran, 50);
}

TEST(WorkersTest, AcceptNothingAfterADrain) {
  Pool workers(1, 10);
  workers.Drain();
  bool ran = false;
  for (const Lane lane : {Lane::kCaller, Lane::kDormant}) {
    EXPECT_EQ(ReasonOf(workers.Run(lane, [&ran] { ran = true; })),
              v1::ERROR_REASON_DRAINING);
  }
  workers.Drain();  // once more does nothing
  EXPECT_FALSE(ran);
}

TEST(WorkersTest, DrainWhenTheyEnd) {
  std::atomic<int> ran = 0;
  {
    Pool workers(2, 100);
    for (int i = 0; i < 20; ++i) {
      ASSERT_THAT(workers.Run(Lane::kDormant, [&ran] { ++ran; }), IsOk());
    }
  }
  EXPECT_EQ(ran, 20);
}

TEST(WorkersTest, LetATaskRunATask) {
  std::promise<void> done;
  Pool workers(1, 10);
  ASSERT_THAT(workers.Run(Lane::kDormant,
                          [&] {
                            EXPECT_THAT(workers.Run(Lane::kDormant,
                                                    [&] { done.set_value(); }),
                                        IsOk());
                          }),
              IsOk());
  done.get_future().wait();
}

TEST(WorkersTest, RunEachTaskOfManyThreadsOnce) {
  constexpr int kThreads = 8;
  constexpr int kTasks = 500;
  std::vector<std::atomic<int>> ran(size_t{kThreads} * kTasks);
  std::atomic<int> accepted = 0;
  {
    Pool workers(4, 64);
    RunInThreads(kThreads, [&](int i) {
      for (int n = 0; n < kTasks; ++n) {
        std::atomic<int>& mine = ran[i * kTasks + n];
        const Lane lane = n % 2 == 0 ? Lane::kCaller : Lane::kDormant;
        while (!workers.Run(lane, [&mine] { ++mine; }).ok()) {
          std::this_thread::yield();
        }
        ++accepted;
      }
    });
  }
  EXPECT_EQ(accepted, kThreads * kTasks);
  for (const std::atomic<int>& count : ran) ASSERT_EQ(count, 1);
}

TEST(WorkersTest, LoseNothingOfWhatTheyAcceptWhileDraining) {
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> accepted = 0;
    std::atomic<int> ran = 0;
    Pool workers(2, 1000);
    RunInThreads(8, [&](int i) {
      if (i == 0) return workers.Drain();
      for (int n = 0; n < 50; ++n) {
        if (workers.Run(Lane::kCaller, [&ran] { ++ran; }).ok()) ++accepted;
      }
    });
    ASSERT_EQ(ran, accepted) << round;
  }
}

TEST(WorkersTest, RunTheLanesInTheirOrder) {
  std::string order;
  {
    Barrier barrier;
    Pool workers(1, 10);
    barrier.Occupy(workers);
    const struct {
      Lane lane;
      char name;
    } tasks[] = {{Lane::kDormant, 'd'},
                 {Lane::kRecent, 'r'},
                 {Lane::kCaller, 'c'},
                 {Lane::kUrgent, 'u'}};
    for (const auto& task : tasks) {
      EXPECT_THAT(
          workers.Run(task.lane, [&order, name = task.name] { order += name; }),
          IsOk());
    }
    barrier.Open();
  }
  EXPECT_EQ(order, "ucrd");
}

TEST(WorkersTest, GiveASlowProviderNoMoreThanItsShare) {
  Barrier slow[2];
  std::promise<void> done;
  std::atomic<bool> third_ran = false;
  Pool workers(4, 10, {{"slow", {.concurrent = 2}}, {"fast", {}}});
  for (Barrier& barrier : slow) barrier.Occupy(workers, "slow");
  EXPECT_THAT(
      workers.Run("slow", Lane::kCaller, [&third_ran] { third_ran = true; }),
      IsOk());
  // Another provider's task overtakes the one that waits for its gate.
  EXPECT_THAT(
      workers.Run("fast", Lane::kDormant, [&done] { done.set_value(); }),
      IsOk());
  done.get_future().wait();
  EXPECT_FALSE(third_ran);
  for (Barrier& barrier : slow) barrier.Open();
  workers.Drain();
  EXPECT_TRUE(third_ran);
}

TEST(WorkersTest, TakeTurnsBetweenProviders) {
  std::string order;
  {
    Barrier barrier;
    Pool workers(1, 10, {{"a", {}}, {"b", {}}});
    barrier.Occupy(workers);
    for (const char* provider : {"a", "a", "a", "b", "b", "b"}) {
      EXPECT_THAT(workers.Run(provider, Lane::kDormant,
                              [&order, provider] { order += provider; }),
                  IsOk());
    }
    barrier.Open();
  }
  EXPECT_TRUE(order == "ababab" || order == "bababa") << order;
}

TEST(WorkersTest, StartNoMoreOfAProviderThanItsRateAllows) {
  std::atomic<int> ran = 0;
  Pool workers(4, 10, {{"google", {.interval = absl::Minutes(1)}}});
  std::promise<void> first;
  std::promise<void> second;
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(workers.Run("google", Lane::kDormant,
                            [&] {
                              const int count = ++ran;
                              if (count == 1) first.set_value();
                              if (count == 2) second.set_value();
                            }),
                IsOk());
  }
  // Time stands still, so only the first may start, however long one waits.
  first.get_future().wait();
  workers.clock.Advance(absl::Minutes(1));
  second.get_future().wait();
  EXPECT_EQ(ran, 2);
  EXPECT_FALSE(workers.IsIdle());
  workers.Drain();
  EXPECT_EQ(ran, 3) << "nothing is sent any more: nothing to wait for";
}

TEST(WorkersTest, LetTasksOfAProviderThatCannotBeAskedSaySoAtOnce) {
  Pool workers(2, 100, {{"google", {.interval = absl::Hours(1)}}});
  workers.pace.Learn("google",
                     Outcome{.outcome_class = OutcomeClass::kTransient,
                             .retry_after = absl::Minutes(1)},
                     workers.clock.TimeNow());
  std::atomic<int> ran = 0;
  std::promise<void> all;
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(workers.Run("google", Lane::kCaller,
                            [&] {
                              if (++ran == 50) all.set_value();
                            }),
                IsOk());
  }
  all.get_future().wait();
}

TEST(WorkersTest, RunTasksOfAProviderThatIsNotConfigured) {
  std::promise<void> done;
  Pool workers(1, 10);
  EXPECT_THAT(workers.Run("gone", Lane::kCaller, [&] { done.set_value(); }),
              IsOk());
  done.get_future().wait();
}

}  // namespace
}  // namespace tokenbroker
