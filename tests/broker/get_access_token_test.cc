// SPDX-License-Identifier: Apache-2.0
#include "broker/get_access_token.h"

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "broker/errors.h"
#include "gtest/gtest.h"
#include "tests/world.h"

namespace tokenbroker {
namespace {

Demand ForAtLeast(absl::Duration min_ttl) { return {.min_ttl = min_ttl}; }

Demand Rejecting(absl::string_view token) {
  return {.rejected = Secret(token)};
}

TEST(GetAccessTokenTest, ServesAFreshTokenWithoutAskingTheProvider) {
  World world;
  world.Connect();
  EXPECT_EQ(world.GetText(), "at-1");
  EXPECT_EQ(world.http.sent().size(), 1u);  // the code
}

TEST(GetAccessTokenTest, ServesFromStorageAfterARestart) {
  World world;
  world.Connect();
  world.Restart();
  EXPECT_EQ(world.GetText(), "at-1");
}

TEST(GetAccessTokenTest, SaysWhatIsKnownOfTheToken) {
  World world;
  world.Connect();
  const auto answer = world.Get();
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ((*answer)->token_type, "Bearer");
  EXPECT_EQ((*answer)->generation, 1);
  EXPECT_EQ((*answer)->scopes, std::vector<std::string>{"calendar"});
  EXPECT_EQ((*answer)->life.expire_time,
            world.clock.TimeNow() + absl::Hours(1));
  EXPECT_LT((*answer)->refresh_time, (*answer)->life.expire_time);
}

TEST(GetAccessTokenTest, SaysThatNothingWasGranted) {
  World world;
  EXPECT_EQ(world.GetText("nobody"), "CONNECTION_NOT_FOUND");
}

TEST(GetAccessTokenTest, RefreshesAnExpiredToken) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Hours(2));
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  EXPECT_EQ(world.GetText(), "at-2");
  EXPECT_EQ(world.Record().connection().generation(), 2);
}

TEST(GetAccessTokenTest, RefreshesWhenTheRestOfTheLifeIsTooShort) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(30));
  EXPECT_EQ(world.GetText("alice", ForAtLeast(absl::Minutes(30))), "at-1");
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  EXPECT_EQ(world.GetText("alice", ForAtLeast(absl::Minutes(31))), "at-2");
}

TEST(GetAccessTokenTest, GivesTheBestThereIsToADemandThatNoTokenMeets) {
  World world;
  world.Connect();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(world.GetText("alice", ForAtLeast(absl::Hours(24))), "at-1");
  }
  EXPECT_EQ(world.http.sent().size(), 1u);
}

TEST(GetAccessTokenTest, RefreshesOnceForATokenThatTheApiRejected) {
  World world;
  world.Connect();
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  EXPECT_EQ(world.GetText("alice", Rejecting("at-1")), "at-2");
  EXPECT_EQ(world.GetText("alice", Rejecting("at-1")), "at-2");
  EXPECT_EQ(world.http.sent().size(), 2u);
}

TEST(GetAccessTokenTest, DoesNotServeARejectedTokenWhenTheRefreshFails) {
  World world;
  world.Connect();
  world.http.Fail(absl::UnavailableError("no route"));
  EXPECT_EQ(world.GetText("alice", Rejecting("at-1")), "PROVIDER_UNAVAILABLE");
}

TEST(GetAccessTokenTest, ServesTheOldTokenWhileItLivesWhenTheRefreshFails) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  world.http.Fail(absl::UnavailableError("no route"));
  EXPECT_EQ(world.GetText("alice", ForAtLeast(absl::Minutes(20))), "at-1");
}

TEST(GetAccessTokenTest, SaysWhenToComeBackWhenNothingIsLeftToServe) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Hours(2));
  world.http.Fail(absl::UnavailableError("no route"));
  const auto answer = world.Get();
  EXPECT_EQ(ReasonOf(answer.status()), v1::ERROR_REASON_PROVIDER_UNAVAILABLE);
  EXPECT_TRUE(RetryDelayOf(answer.status()).has_value());
  // Who comes earlier costs the provider nothing.
  EXPECT_EQ(world.GetText(), "PROVIDER_UNAVAILABLE");
  EXPECT_EQ(world.http.sent().size(), 2u);
}

TEST(GetAccessTokenTest, WithoutARefreshTokenTheUserMustReturnAfterExpiry) {
  World world;
  world.Connect("alice", /*refresh_token=*/"");
  EXPECT_EQ(world.GetText(), "at-1");
  world.clock.Advance(absl::Hours(2));
  EXPECT_EQ(world.GetText(), "REAUTHORIZATION_REQUIRED");
  EXPECT_EQ(world.http.sent().size(), 1u);
}

TEST(GetAccessTokenTest, AThousandCallersOnAnExpiredTokenCostOneExchange) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Hours(2));
  constexpr int kCallers = 1000;
  // The provider answers when all of them wait.
  std::promise<void> all_wait;
  world.http.AnswerWith([&]() -> absl::StatusOr<HttpResponse> {
    all_wait.get_future().wait();
    return HttpResponse{.status = 200,
                        .content_type = "application/json",
                        .body = Secret(World::Tokens("at-2", "rt-2"))};
  });
  std::atomic<int> served = 0;
  std::promise<void> all_served;
  for (int i = 0; i < kCallers; ++i) {
    world.broker->get_access_token.Get(
        World::Key(), {}, [&](const GetAccessToken::Answer& answer) {
          EXPECT_TRUE(answer.ok() && (*answer)->value.Reveal() == "at-2");
          if (++served == kCallers) all_served.set_value();
        });
  }
  EXPECT_EQ(served, 0);
  all_wait.set_value();
  all_served.get_future().wait();
  EXPECT_EQ(world.http.sent().size(), 2u);
}

TEST(GetAccessTokenTest, NobodyWaitsBehindAnotherConnection) {
  World world;
  world.Connect("slow");
  world.Connect("quick");
  world.clock.Advance(absl::Hours(2));
  std::promise<void> release;
  std::promise<GetAccessToken::Answer> slow;
  world.http.AnswerWith([&]() -> absl::StatusOr<HttpResponse> {
    release.get_future().wait();
    return absl::UnknownError("reset");
  });
  world.broker->get_access_token.Get(
      World::Key("slow"), {},
      [&](const GetAccessToken::Answer& answer) { slow.set_value(answer); });
  while (world.http.sent().size() < 3) std::this_thread::yield();
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  EXPECT_EQ(world.GetText("quick"), "at-2");
  release.set_value();
  EXPECT_FALSE(slow.get_future().get().ok());
}

TEST(GetAccessTokenTest, DoesNotServeATokenWhoseCommitFailed) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Hours(2));
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  world.store.FailWritesFrom(2);  // Begin, KeepResponse, and no Commit
  EXPECT_EQ(world.GetText(), "STORAGE_UNAVAILABLE");
}

TEST(GetAccessTokenTest, RefusesNewExchangesWhileStopping) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Hours(2));
  world.broker->Stop();
  EXPECT_EQ(world.GetText(), "DRAINING");
  EXPECT_EQ(world.http.sent().size(), 1u);
}

}  // namespace
}  // namespace tokenbroker
