// SPDX-License-Identifier: Apache-2.0
//
// A connection whose row cannot be read, through every act.
#include "broker/damaged_connection.h"

#include <thread>

#include "absl/strings/match.h"
#include "broker/errors.h"
#include "gtest/gtest.h"
#include "tests/world.h"

namespace tokenbroker {
namespace {

// Alice is well; the row of bob, who was connected twice, is damaged.
class DamagedConnectionTest : public testing::Test {
 protected:
  DamagedConnectionTest() {
    world_.Connect("alice");
    world_.Connect("bob");
    world_.Connect("bob");
    world_.memory.DamageConnection(World::Key("bob"));
  }

  World world_;
};

TEST_F(DamagedConnectionTest, IsShownAlikeWhereverItIsRead) {
  const auto read = world_.Read("bob");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->provider(), "acme");
  EXPECT_EQ(read->subject(), "bob");
  EXPECT_EQ(read->state(), v1::Connection::STATE_SUSPENDED);
  EXPECT_EQ(read->reason(), v1::Connection::REASON_DAMAGED);
  EXPECT_EQ(read->generation(), 0);

  const auto list = world_.broker->read_connections.List({}, {"acme"});
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->connections_size(), 2);
  EXPECT_EQ(list->connections(0).state(), v1::Connection::STATE_ACTIVE);
  EXPECT_EQ(list->connections(1).SerializeAsString(),
            read->SerializeAsString());
}

TEST_F(DamagedConnectionTest, GivesNoToken) {
  world_.clock.Advance(absl::Hours(2));
  EXPECT_EQ(world_.GetText("bob"), "RECORD_DAMAGED");
  world_.http.Answer(200, World::Tokens("at-2", "rt-2"));
  EXPECT_EQ(world_.GetText("alice"), "at-2");
}

TEST_F(DamagedConnectionTest, CanBeDeleted) {
  const auto deleted = world_.Delete("bob");
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ(deleted->reason(), v1::Connection::REASON_DAMAGED);
  EXPECT_TRUE(absl::StrContains(world_.log_text(), "token does not open"));
  EXPECT_EQ(world_.GetText("bob"), "CONNECTION_NOT_FOUND");
  EXPECT_EQ(world_.memory.Due("acme", std::nullopt, absl::InfiniteFuture(), 9)
                ->size(),
            1u);
}

TEST_F(DamagedConnectionTest, IsMadeAnewByAUserWhoConsentsAgain) {
  world_.Connect("bob", "rt-9", "at-9");
  EXPECT_EQ(world_.GetText("bob"), "at-9");
  EXPECT_EQ(world_.Record("bob").connection().generation(), 1);
  world_.clock.Advance(absl::Hours(2));
  world_.http.Answer(200, World::Tokens("at-10", "rt-10"));
  EXPECT_EQ(world_.GetText("bob"), "at-10");
  EXPECT_EQ(world_.Record("bob").connection().generation(), 2);
}

TEST_F(DamagedConnectionTest, StopsNeitherTheClockNorAStart) {
  world_.clock.Advance(absl::Minutes(50));
  world_.http.Answer(200, World::Tokens("at-2", "rt-2"));
  EXPECT_TRUE(world_.broker->due_loop.Tick(world_.clock.TimeNow()).ok());
  while (!world_.broker->workers.IsIdle()) std::this_thread::yield();
  world_.Restart();
  EXPECT_EQ(world_.GetText("alice"), "at-2");
}

TEST(DamagedConnectionRecoveryTest, LeavesWhatWasKeptForIt) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  world.store.FailWritesFrom(2);  // the commit
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  world.broker->refresher.RefreshIfDue(World::Key());
  world.memory.DamageConnection(World::Key());
  world.Restart();
  EXPECT_EQ(world.memory.OpenAttempts()->size(), 1u);
  // A new grant ends it.
  world.Connect("alice", "rt-9", "at-9");
  EXPECT_TRUE(world.memory.OpenAttempts()->empty());
  EXPECT_EQ(world.GetText(), "at-9");
}

}  // namespace
}  // namespace tokenbroker
