// SPDX-License-Identifier: Apache-2.0
#include "broker/store_watch.h"

#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "tests/world.h"

namespace tokenbroker {
namespace {

TEST(StoreWatchTest, LogsAndCountsDamageOnce) {
  World world;
  world.Connect();
  EXPECT_TRUE(world.broker->store_watch.Look().ok());
  EXPECT_FALSE(absl::StrContains(world.log_text(), "record_damaged"));
  world.memory.DamageConnection(World::Key());
  EXPECT_TRUE(world.broker->store_watch.Look().ok());
  const std::string log = world.log_text();
  EXPECT_TRUE(absl::StrContains(
      log,
      R"("event":"record_damaged","table":"connections","provider":"acme",)"
      R"("subject":"alice")"))
      << log;
  EXPECT_TRUE(world.broker->store_watch.Look().ok());
  EXPECT_EQ(world.log_text(), log);
  EXPECT_TRUE(absl::StrContains(
      world.broker->metrics.Text(),
      R"(tokenbroker_storage_damage_total{table="connections"} 1)"))
      << world.broker->metrics.Text();
}

TEST(StoreWatchTest, TakesTooLittleRoomForAPassingTrouble) {
  World world;
  world.store.SetWritable(false);
  EXPECT_TRUE(world.broker->store_watch.Look().ok());
  EXPECT_FALSE(world.broker->readiness.IsReady());
}

TEST(StoreWatchTest, SaysWhenTheStoreFailedForGood) {
  World world;
  world.store.FailForGood();
  EXPECT_EQ(world.broker->store_watch.Look().code(),
            absl::StatusCode::kInternal);
  EXPECT_FALSE(world.broker->readiness.IsReady());
}

// --- Too little room, through every act ---

TEST(StoreWatchTest, NothingIsBegunWithoutRoomAndItGoesOnWhenThereIsSome) {
  World world;
  world.Connect();
  const auto started = world.Start(World::StartRequest("bob"));
  ASSERT_TRUE(started.ok());
  const size_t sent = world.http.sent().size();
  v1::CompleteAuthorizationRequest callback;
  callback.set_state(started->state());
  callback.set_code("code-1");

  world.store.SetWritable(false);
  EXPECT_EQ(world.GetText(), "at-1");  // fresh
  EXPECT_FALSE(world.Start(World::StartRequest("bob")).ok());
  EXPECT_FALSE(world.Complete(callback).ok());
  world.clock.Advance(absl::Minutes(50));
  EXPECT_EQ(world.GetText(), "at-1");  // due, but it lives
  world.clock.Advance(absl::Minutes(50));
  EXPECT_EQ(world.GetText(), "STORAGE_UNAVAILABLE");
  EXPECT_EQ(world.http.sent().size(), sent);

  world.store.SetWritable(true);
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  EXPECT_EQ(world.GetText(), "at-2");
}

TEST(StoreWatchTest, AnAuthorizationIsNotSpentForWantOfRoom) {
  World world;
  const auto started = world.Start(World::StartRequest());
  ASSERT_TRUE(started.ok());
  v1::CompleteAuthorizationRequest callback;
  callback.set_state(started->state());
  callback.set_code("code-1");
  world.store.SetWritable(false);
  EXPECT_FALSE(world.Complete(callback).ok());
  world.store.SetWritable(true);
  world.http.Answer(200, World::Tokens("at-1", "rt-1"));
  EXPECT_TRUE(world.Complete(callback).ok());
}

}  // namespace
}  // namespace tokenbroker
