// SPDX-License-Identifier: Apache-2.0
#include "broker/due_loop.h"

#include <algorithm>
#include <cstddef>
#include <future>
#include <string>
#include <thread>
#include <vector>

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

// One request at a time, a moment apart: the order is the order of the lanes.
config::v1::Provider OneAtATime() {
  config::v1::Provider settings;
  settings.set_max_concurrent_requests(1);
  return settings;
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

TEST(DueLoopTest, LeavesTheRowsOfAPausedProviderWhereTheyAre) {
  World world;
  world.Connect("alice");
  world.Connect("bob");
  world.clock.Advance(absl::Minutes(45));
  world.http.AnswerRetryAfter(429, "120");
  EXPECT_EQ(world.GetText("alice", {.min_ttl = absl::Minutes(30)}), "at-1");
  world.clock.Advance(absl::Minutes(1));
  Tick(world);
  EXPECT_EQ(world.http.sent().size(), 3u) << "asked within the pause";
  world.clock.Advance(absl::Minutes(1));
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  Tick(world);
  EXPECT_EQ(world.http.sent().size(), 5u);
  EXPECT_EQ(world.GetText("bob"), "at-2");
}

TEST(DueLoopTest, FindsWhatCameOutOfItsLaneInAPauseRightAfterIt) {
  World world(config::v1::ROTATION_STRICT, OneAtATime());
  world.Connect("alice");
  world.Connect("bob");
  world.clock.Advance(absl::Minutes(45));
  world.http.AnswerRetryAfter(429, "2");
  Tick(world);  // one of them; the other is not asked for any more
  EXPECT_EQ(world.http.sent().size(), 3u);
  world.clock.Advance(absl::Seconds(1));
  Tick(world);
  EXPECT_EQ(world.http.sent().size(), 3u);
  world.clock.Advance(absl::Seconds(10));
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  Tick(world);
  EXPECT_EQ(world.http.sent().size(), 5u);
}

TEST(DueLoopTest, StartsNothingWhileTheStoreCannotBeWritten) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(45));
  world.store.SetWritable(false);
  Tick(world);
  EXPECT_EQ(world.http.sent().size(), 1u);
  world.store.SetWritable(true);
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  Tick(world);
  EXPECT_EQ(world.GetText(), "at-2");
}

// The refresh tokens that were presented, in their order.
std::vector<std::string> Presented(World& world) {
  std::vector<std::string> presented;
  for (const auto& request : world.http.sent()) {
    const auto at = request.body.find("refresh_token=rt-");
    if (at == std::string::npos) continue;
    const std::string token = request.body.substr(at + 17);
    presented.push_back(token.substr(0, token.find('&')));
  }
  return presented;
}

// Which place `token` has among them; one that is held first may be any.
size_t PlaceOf(World& world, const std::string& token, size_t from = 0) {
  const auto presented = Presented(world);
  return std::find(presented.begin() + static_cast<std::ptrdiff_t>(from),
                   presented.end(), token) -
         presented.begin();
}

TEST(DueLoopTest, RefreshesWhatIsInUseBeforeWhatIsDormant) {
  World world(config::v1::ROTATION_STRICT, OneAtATime());
  constexpr int kDormant = 2100;  // more than a lane holds
  for (int i = 0; i < kDormant; ++i) {
    world.Connect(absl::StrCat("dormant", i), absl::StrCat("rt-d", i));
  }
  world.Connect("used", "rt-used");
  EXPECT_EQ(world.GetText("used"), "at-1");
  world.clock.Advance(absl::Minutes(50));
  // The first request is held until everything else stands in its lane.
  std::promise<void> all_queued;
  world.http.AnswerWith([&]() -> absl::StatusOr<HttpResponse> {
    all_queued.get_future().wait();
    return absl::UnavailableError("not sent");
  });
  for (int i = 0; i <= kDormant; ++i) {
    world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  }
  EXPECT_TRUE(world.broker->due_loop.Tick(world.clock.TimeNow()).ok());
  all_queued.set_value();
  while (!world.broker->workers.IsIdle()) std::this_thread::yield();
  EXPECT_LE(PlaceOf(world, "used"), 1u);
  // What found no room in its lane comes with the next ticks.
  Tick(world);
  Tick(world);
  EXPECT_GE(Presented(world).size(), size_t{kDormant});
}

TEST(DueLoopTest, RetriesAnUnknownOutcomeBeforeEverythingElse) {
  World world(config::v1::ROTATION_GRACE, OneAtATime());
  for (int i = 0; i < 20; ++i) {
    world.Connect(absl::StrCat("used", i), absl::StrCat("rt-u", i));
    EXPECT_EQ(world.GetText(absl::StrCat("used", i)), "at-1");
  }
  world.Connect("unknown", "rt-unknown");
  world.clock.Advance(absl::Minutes(50));
  world.http.AnswerWith([]() -> absl::StatusOr<HttpResponse> {
    return absl::UnknownError("reset");
  });
  world.broker->refresher.RefreshIfDue(World::Key("unknown"));
  std::promise<void> all_queued;
  world.http.AnswerWith([&]() -> absl::StatusOr<HttpResponse> {
    all_queued.get_future().wait();
    return absl::UnavailableError("not sent");
  });
  for (int i = 0; i <= 20; ++i) {
    world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  }
  EXPECT_TRUE(world.broker->due_loop.Tick(world.clock.TimeNow()).ok());
  all_queued.set_value();
  while (!world.broker->workers.IsIdle()) std::this_thread::yield();
  EXPECT_EQ(Presented(world).size(), 22u);
  EXPECT_LE(PlaceOf(world, "unknown", 1), 2u);
}

TEST(DueLoopTest, ACallerNeedNotWaitBehindWhatIsDue) {
  World world(config::v1::ROTATION_STRICT, OneAtATime());
  for (int i = 0; i < 20; ++i) {
    world.Connect(absl::StrCat("u", i), absl::StrCat("rt-u", i));
  }
  world.clock.Advance(absl::Minutes(50));
  std::promise<void> held;
  world.http.AnswerWith([&]() -> absl::StatusOr<HttpResponse> {
    held.get_future().wait();
    return absl::UnavailableError("not sent");
  });
  for (int i = 0; i < 20; ++i) {
    world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  }
  EXPECT_TRUE(world.broker->due_loop.Tick(world.clock.TimeNow()).ok());
  // The last of them stands in the lane; now somebody asks for it.
  std::promise<GetAccessToken::Answer> answer;
  world.broker->get_access_token.Get(
      World::Key("u19"), {.min_ttl = absl::Minutes(30)},
      [&](const GetAccessToken::Answer& a) { answer.set_value(a); });
  held.set_value();
  EXPECT_TRUE(answer.get_future().get().ok());
  EXPECT_LE(PlaceOf(world, "u19"), 1u);
  while (!world.broker->workers.IsIdle()) std::this_thread::yield();
}

// From now on every request gets new tokens.
void AnswerAll(World& world, int requests) {
  for (int i = 0; i < requests; ++i) {
    world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  }
}

TEST(DueLoopTest, AnOutageShorterThanTheSlackFailsNobody) {
  constexpr int kConnections = 50;
  World world;
  for (int i = 0; i < kConnections; ++i) world.Connect(absl::StrCat("u", i));
  const auto everybody_is_served = [&world] {
    for (int i = 0; i < kConnections; ++i) {
      ASSERT_TRUE(world.Get(absl::StrCat("u", i)).ok());
    }
  };
  // Due between 36 and 45; the provider is away from 36 on, for 14 minutes. A
  // script without an answer is a provider that cannot be reached.
  world.clock.Advance(absl::Minutes(36));
  for (absl::Duration away; away < absl::Minutes(14);
       away += absl::Seconds(5)) {
    Tick(world);
    everybody_is_served();
    world.clock.Advance(absl::Seconds(5));
  }
  const size_t tries = world.http.sent().size() - kConnections;
  EXPECT_LT(tries, 100u) << "it is probed, not stormed";
  AnswerAll(world, kConnections);
  for (absl::Duration back; back < absl::Minutes(9); back += absl::Seconds(5)) {
    Tick(world);
    everybody_is_served();
    world.clock.Advance(absl::Seconds(5));
  }
  for (int i = 0; i < kConnections; ++i) {
    EXPECT_EQ(world.GetText(absl::StrCat("u", i)), "at-2");
  }
}

TEST(DueLoopTest, RefreshesEveryTokenOfAHealthyProviderBeforeItExpires) {
  constexpr int kConnections = 50;
  World world;
  for (int i = 0; i < kConnections; ++i) world.Connect(absl::StrCat("u", i));
  AnswerAll(world, 24 * 2 * kConnections);
  for (absl::Duration day; day < absl::Hours(24); day += absl::Seconds(20)) {
    world.clock.Advance(absl::Seconds(20));
    Tick(world);
  }
  // Refreshed between 60 and 75 % of its hour: 32 to 40 times a day.
  const size_t refreshes = world.http.sent().size() - kConnections;
  EXPECT_GE(refreshes, 32u * kConnections);
  EXPECT_LE(refreshes, 40u * kConnections);
  EXPECT_EQ(
      world.broker->metrics.Text().find("tokenbroker_refreshes_late_total{"),
      std::string::npos);
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
