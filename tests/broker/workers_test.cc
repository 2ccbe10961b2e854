// SPDX-License-Identifier: Apache-2.0
#include "broker/workers.h"

#include <atomic>
#include <cstddef>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "broker/errors.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/threads.h"

namespace tokenbroker {
namespace {

using absl_testing::IsOk;
using Lane = Workers::Lane;

// Keeps a worker busy until it is opened. Outlives the workers.
class Gate {
 public:
  // Runs a task that waits for Open, and returns when it runs.
  void Occupy(Workers& workers) {
    EXPECT_THAT(workers.Run(Lane::kCaller,
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
  Workers workers(2, 10);
  ASSERT_THAT(workers.Run(Lane::kDue, [&] { answer.set_value(42); }), IsOk());
  EXPECT_EQ(answer.get_future().get(), 42);
}

TEST(WorkersTest, RunAsManyTasksAtOnceAsTheyAre) {
  Gate gates[3];
  Workers workers(3, 10);
  for (Gate& gate : gates) gate.Occupy(workers);  // returns: each runs
  for (Gate& gate : gates) gate.Open();
}

TEST(WorkersTest, RunWhatACallerWaitsForFirst) {
  std::string order;
  {
    Gate gate;
    Workers workers(1, 10);
    gate.Occupy(workers);
    for (const char name : {'x', 'y'}) {
      EXPECT_THAT(workers.Run(Lane::kDue, [&order, name] { order += name; }),
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
    Gate gate;
    Workers workers(1, 2);
    gate.Occupy(workers);
    for (const Lane lane : {Lane::kDue, Lane::kCaller}) {
      EXPECT_THAT(workers.Run(lane, task), IsOk());
      EXPECT_THAT(workers.Run(lane, task), IsOk());
      EXPECT_EQ(ReasonOf(workers.Run(lane, task)), v1::ERROR_REASON_OVERLOADED);
    }
    gate.Open();
  }
  EXPECT_EQ(ran, 4) << "what was refused never runs";
}

TEST(WorkersTest, AcceptAgainWhenALaneHasRoom) {
  Gate gates[3];
  std::promise<void> done[3];
  Workers workers(1, 1);
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
  Gate gate;
  Workers workers(1, 10);
  EXPECT_TRUE(workers.IsIdle());
  gate.Occupy(workers);
  EXPECT_FALSE(workers.IsIdle()) << "one runs";
  gate.Open();
  workers.Drain();
  EXPECT_TRUE(workers.IsIdle());
}

TEST(WorkersTest, AreNotIdleWhileATaskWaits) {
  Workers workers(0, 10);  // nobody takes it
  ASSERT_THAT(workers.Run(Lane::kDue, [] {}), IsOk());
  EXPECT_FALSE(workers.IsIdle());
}

TEST(WorkersTest, RunEverythingAcceptedBeforeADrainReturns) {
  std::atomic<int> ran = 0;
  Gate gate;
  Workers workers(2, 100);
  gate.Occupy(workers);
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(
        workers.Run(i % 2 == 0 ? Lane::kCaller : Lane::kDue, [&ran] { ++ran; }),
        IsOk());
  }
  gate.Open();
  workers.Drain();
  EXPECT_EQ(ran, 50);
}

TEST(WorkersTest, AcceptNothingAfterADrain) {
  Workers workers(1, 10);
  workers.Drain();
  bool ran = false;
  for (const Lane lane : {Lane::kCaller, Lane::kDue}) {
    EXPECT_EQ(ReasonOf(workers.Run(lane, [&ran] { ran = true; })),
              v1::ERROR_REASON_DRAINING);
  }
  workers.Drain();  // once more does nothing
  EXPECT_FALSE(ran);
}

TEST(WorkersTest, DrainWhenTheyEnd) {
  std::atomic<int> ran = 0;
  {
    Workers workers(2, 100);
    for (int i = 0; i < 20; ++i) {
      ASSERT_THAT(workers.Run(Lane::kDue, [&ran] { ++ran; }), IsOk());
    }
  }
  EXPECT_EQ(ran, 20);
}

TEST(WorkersTest, LetATaskRunATask) {
  std::promise<void> done;
  Workers workers(1, 10);
  ASSERT_THAT(workers.Run(Lane::kDue,
                          [&] {
                            EXPECT_THAT(workers.Run(Lane::kDue,
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
    Workers workers(4, 64);
    RunInThreads(kThreads, [&](int i) {
      for (int n = 0; n < kTasks; ++n) {
        std::atomic<int>& mine = ran[i * kTasks + n];
        const Lane lane = n % 2 == 0 ? Lane::kCaller : Lane::kDue;
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
    Workers workers(2, 1000);
    RunInThreads(8, [&](int i) {
      if (i == 0) return workers.Drain();
      for (int n = 0; n < 50; ++n) {
        if (workers.Run(Lane::kCaller, [&ran] { ++ran; }).ok()) ++accepted;
      }
    });
    ASSERT_EQ(ran, accepted) << round;
  }
}

}  // namespace
}  // namespace tokenbroker
