// SPDX-License-Identifier: Apache-2.0
#include "broker/due_loop.h"

#include <thread>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/world.h"

namespace tokenbroker {
namespace {

// Ticks, and waits until what was handed out has landed.
void Tick(World& world) {
  const absl::Status status =
      world.broker->due_loop.Tick(world.clock.TimeNow());
  EXPECT_TRUE(status.ok()) << status;
  while (!world.broker->workers.IsIdle()) std::this_thread::yield();
}

TEST(DueLoopTest, RefreshesNothingBeforeItIsDue) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(35));  // due between 36 and 45
  Tick(world);
  EXPECT_EQ(world.http.sent().size(), 1u);
}

TEST(DueLoopTest, RefreshesWhatIsDueBeforeItExpires) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(45));
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  Tick(world);
  EXPECT_EQ(world.GetText(), "at-2");
  Tick(world);
  EXPECT_EQ(world.http.sent().size(), 2u);
}

TEST(DueLoopTest, TriesAgainAfterAFailureWhenItsTimeHasCome) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(45));
  world.http.AnswerRetryAfter(503, "60");
  Tick(world);
  world.clock.Advance(absl::Seconds(59));
  Tick(world);
  EXPECT_EQ(world.http.sent().size(), 2u);
  world.clock.Advance(absl::Seconds(1));
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  Tick(world);
  EXPECT_EQ(world.GetText(), "at-2");
}

TEST(DueLoopTest, DrainsABacklogLargerThanABatch) {
  World world;
  constexpr int kConnections = 300;
  for (int i = 0; i < kConnections; ++i) world.Connect(absl::StrCat("u", i));
  world.clock.Advance(absl::Minutes(50));
  for (int i = 0; i < kConnections; ++i) {
    world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  }
  Tick(world);
  Tick(world);
  EXPECT_EQ(world.http.sent().size(), 2u * kConnections);
}

TEST(DueLoopTest, ComesBackForRowsThatASuspendedProviderLeftBehind) {
  World world;
  world.Connect("alice");
  world.Connect("bob");
  world.clock.Advance(absl::Hours(2));
  // A caller's refresh suspends the provider; the due rows are left where they
  // are, behind the cursor.
  world.http.Answer(401, R"({"error":"invalid_client"})");
  EXPECT_EQ(world.GetText("alice"), "PROVIDER_MISCONFIGURED");
  Tick(world);
  EXPECT_EQ(world.http.sent().size(), 3u);
  world.clock.Advance(absl::Minutes(2));
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  Tick(world);
  // One was the probe that ended the suspension; the other may have come too
  // early for it and waits for the next round.
  world.clock.Advance(absl::Minutes(1));
  Tick(world);
  EXPECT_EQ(world.GetText("alice"), "at-2");
  EXPECT_EQ(world.GetText("bob"), "at-2");
}

TEST(DueLoopTest, FindsRowsAgainWhenTheClockWasSetBack) {
  World world;
  world.Connect("alice");
  world.clock.Advance(absl::Hours(10));
  Tick(world);  // the cursor is far ahead now
  world.clock.Advance(-absl::Hours(10));
  world.Connect("bob");
  world.clock.Advance(absl::Minutes(45));
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  Tick(world);
  EXPECT_EQ(world.GetText("bob"), "at-2");
}

TEST(DueLoopTest, ForgetsExpiredAuthorizations) {
  World world;
  ASSERT_TRUE(world.Start(World::StartRequest()).ok());
  world.clock.Advance(absl::Minutes(11));
  Tick(world);
  EXPECT_EQ(*world.memory.ForgetExpired(absl::InfiniteFuture(), 10), 0);
}

TEST(DueLoopTest, KeepsUpWithManyExpiredAuthorizations) {
  World world;
  constexpr int kMoreThanABatch = 1500;
  for (int i = 0; i < kMoreThanABatch; ++i) {
    ASSERT_TRUE(world.Start(World::StartRequest()).ok());
  }
  world.clock.Advance(absl::Minutes(11));
  Tick(world);
  Tick(world);
  EXPECT_EQ(*world.memory.ForgetExpired(absl::InfiniteFuture(), 10), 0);
}

TEST(DueLoopTest, EndsAttemptsThatAFailedWriteLeftOpen) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(45));
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  world.store.FailWritesFrom(2);  // the commit
  world.broker->refresher.RefreshIfDue(World::Key());
  world.store.FailWritesFrom(-1);
  EXPECT_EQ(world.memory.OpenAttempts()->size(), 1u);
  world.clock.Advance(absl::Minutes(3));
  Tick(world);
  EXPECT_TRUE(world.memory.OpenAttempts()->empty());
  EXPECT_EQ(world.GetText(), "at-2");
}

TEST(DueLoopTest, IsHealthyOnlyWhileItRuns) {
  World world;
  EXPECT_FALSE(world.broker->due_loop.Health().ok());
  world.broker->due_loop.Start();
  EXPECT_TRUE(world.broker->due_loop.Health().ok());
  world.broker->due_loop.Stop();
  EXPECT_FALSE(world.broker->due_loop.Health().ok());
}

}  // namespace
}  // namespace tokenbroker
