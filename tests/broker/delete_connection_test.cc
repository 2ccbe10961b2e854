// SPDX-License-Identifier: Apache-2.0
#include "broker/delete_connection.h"

#include <future>
#include <thread>

#include "absl/strings/match.h"
#include "broker/errors.h"
#include "gtest/gtest.h"
#include "tests/world.h"

namespace tokenbroker {
namespace {

TEST(DeleteConnectionTest, RevokesTheRefreshTokenAndForgetsEverything) {
  World world;
  world.Connect();
  world.http.Answer(200, "");
  const auto deleted = world.Delete();
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ(deleted->subject(), "alice");
  const auto sent = world.http.sent().back();
  EXPECT_EQ(sent.url, "https://acme.test/revoke");
  EXPECT_TRUE(absl::StrContains(sent.body, "token=rt-1"));
  EXPECT_EQ(world.GetText(), "CONNECTION_NOT_FOUND");
  EXPECT_TRUE(
      world.memory.Due("acme", std::nullopt, absl::InfiniteFuture(), 10)
          ->empty());
}

TEST(DeleteConnectionTest, RevokesTheAccessTokenWhereThereIsNoOther) {
  World world;
  world.Connect("alice", /*refresh_token=*/"");
  world.http.Answer(200, "");
  EXPECT_TRUE(world.Delete().ok());
  EXPECT_TRUE(absl::StrContains(world.http.sent().back().body, "token=at-1"));
}

TEST(DeleteConnectionTest, DeletesEvenIfTheProviderIsDown) {
  World world;
  world.Connect();
  world.http.Fail(absl::UnavailableError("no route"));
  EXPECT_TRUE(world.Delete().ok());
  EXPECT_EQ(world.GetText(), "CONNECTION_NOT_FOUND");
}

TEST(DeleteConnectionTest, SaysThatThereIsNothingToDelete) {
  World world;
  EXPECT_EQ(ReasonOf(world.Delete("nobody").status()),
            v1::ERROR_REASON_CONNECTION_NOT_FOUND);
}

TEST(DeleteConnectionTest, WaitsForARunningRefreshAndRevokesWhatItBrought) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Hours(2));
  std::promise<void> release;
  world.http.AnswerAfter(release.get_future().share(),
                         World::Tokens("at-2", "rt-2"));
  std::promise<GetAccessToken::Answer> got;
  world.broker->get_access_token.Get(
      World::Key(), {},
      [&](const GetAccessToken::Answer& answer) { got.set_value(answer); });
  while (world.http.sent().size() < 2) std::this_thread::yield();
  std::promise<absl::StatusOr<v1::Connection>> deleted;
  world.broker->delete_connection.Delete(
      "anonymous", World::Key(),
      [&](const absl::StatusOr<v1::Connection>& connection) {
        deleted.set_value(connection);
      });
  world.http.Answer(200, "");  // the revocation
  release.set_value();
  EXPECT_TRUE(got.get_future().get().ok());
  EXPECT_TRUE(deleted.get_future().get().ok());
  EXPECT_TRUE(absl::StrContains(world.http.sent().back().body, "token=rt-2"));
}

// A write that says it failed may have happened.
TEST(DeleteConnectionTest, ServesNothingFromMemoryAfterARemovalThatFailed) {
  World world;
  world.Connect();
  EXPECT_EQ(world.GetText(), "at-1");
  world.store.FailWritesFrom(0);
  EXPECT_FALSE(world.Delete().ok());
  ASSERT_TRUE(world.memory.Remove(World::Key()).ok());
  EXPECT_EQ(world.GetText(), "CONNECTION_NOT_FOUND");
}

// --- The access token ends the grant ---

config::v1::Provider ByAccessToken() {
  return World::Settings("revocation_request: {token: access_token}");
}

TEST(DeleteConnectionTest, RevokesTheAccessTokenWhereThatEndsTheGrant) {
  World world(config::v1::ROTATION_STRICT, ByAccessToken());
  world.Connect();
  world.http.Answer(200, "");
  EXPECT_TRUE(world.Delete().ok());
  EXPECT_EQ(world.http.sent().size(), 2u);
  EXPECT_TRUE(absl::StrContains(world.http.sent().back().body, "token=at-1"));
}

TEST(DeleteConnectionTest, RefreshesAnExpiredAccessTokenToRevokeIt) {
  World world(config::v1::ROTATION_STRICT, ByAccessToken());
  world.Connect();
  world.clock.Advance(absl::Hours(2));
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  world.http.Answer(200, "");
  EXPECT_TRUE(world.Delete().ok());
  EXPECT_EQ(world.http.sent().size(), 3u);
  EXPECT_TRUE(absl::StrContains(world.http.sent().back().body, "token=at-2"));
  EXPECT_EQ(world.GetText(), "CONNECTION_NOT_FOUND");
}

TEST(DeleteConnectionTest, RevokesNothingWithoutALivingAccessToken) {
  World world(config::v1::ROTATION_STRICT, ByAccessToken());
  world.Connect();
  world.clock.Advance(absl::Hours(2));
  world.http.Answer(400, R"({"error":"invalid_grant"})");
  EXPECT_TRUE(world.Delete().ok());
  EXPECT_EQ(world.http.sent().size(), 2u);
  EXPECT_TRUE(absl::StrContains(
      world.log_text(),
      "the access token has expired and could not be refreshed"));
  EXPECT_EQ(world.GetText(), "CONNECTION_NOT_FOUND");
}

// --- Several pairs of tokens ---

config::v1::Provider Pairs() {
  return World::Settings("answer: {named_tokens: [{name: user, at: user}]}");
}

void ConnectPairs(World& world) {
  const auto callback = world.Callback();
  world.http.Answer(
      200, R"({"access_token":"at-b","refresh_token":"rt-b","expires_in":3600,)"
           R"("user":{"access_token":"at-u","refresh_token":"rt-u",)"
           R"("expires_in":3600}})");
  ASSERT_TRUE(world.Complete(callback).ok());
}

TEST(DeleteConnectionTest, RevokesAndForgetsEveryPairOfTokens) {
  World world(config::v1::ROTATION_STRICT, Pairs());
  ConnectPairs(world);
  world.Connect("alice b");
  world.http.Answer(200, "");
  world.http.Answer(200, "");
  const auto deleted = world.Delete();
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ(deleted->subject(), "alice");
  EXPECT_EQ(deleted->token_name(), "");
  const auto sent = world.http.sent();
  ASSERT_EQ(sent.size(), 4u);
  EXPECT_TRUE(absl::StrContains(sent[2].body, "token=rt-u"));
  EXPECT_TRUE(absl::StrContains(sent[3].body, "token=rt-b"));
  EXPECT_EQ(world.GetText(), "CONNECTION_NOT_FOUND");
  EXPECT_EQ(world.GetText(World::Named("user")), "CONNECTION_NOT_FOUND");
  EXPECT_EQ(world.GetText("alice b"), "at-1");
}

TEST(DeleteConnectionTest, FindsPairsThatTheConfigurationNamesNoMore) {
  World world;
  world.Connect();
  world.Connect(World::Named("gone"), "rt-g", "at-g");
  EXPECT_TRUE(world.Delete().ok());
  EXPECT_EQ(world.GetText(World::Named("gone")), "CONNECTION_NOT_FOUND");
  // Or one alone, left by a deletion that failed half-way.
  world.Connect(World::Named("gone"), "rt-g", "at-g");
  EXPECT_TRUE(world.Delete().ok());
  EXPECT_EQ(ReasonOf(world.Delete().status()),
            v1::ERROR_REASON_CONNECTION_NOT_FOUND);
}

TEST(DeleteConnectionTest, WaitsForTheRefreshOfEveryPair) {
  World world(config::v1::ROTATION_STRICT, Pairs());
  ConnectPairs(world);
  world.clock.Advance(absl::Hours(2));
  std::promise<void> release;
  world.http.AnswerAfter(release.get_future().share(),
                         World::Tokens("at-u2", "rt-u2"));
  std::promise<GetAccessToken::Answer> got;
  world.broker->get_access_token.Get(
      World::Key(World::Named("user")), {},
      [&](const GetAccessToken::Answer& answer) { got.set_value(answer); });
  while (world.http.sent().size() < 2) std::this_thread::yield();
  std::promise<absl::StatusOr<v1::Connection>> deleted;
  world.broker->delete_connection.Delete(
      "anonymous", World::Key(),
      [&](const absl::StatusOr<v1::Connection>& connection) {
        deleted.set_value(connection);
      });
  world.http.Answer(200, "");
  world.http.Answer(200, "");
  release.set_value();
  EXPECT_TRUE(got.get_future().get().ok());
  EXPECT_TRUE(deleted.get_future().get().ok());
  EXPECT_TRUE(absl::StrContains(world.http.sent()[2].body, "token=rt-u2"));
}

}  // namespace
}  // namespace tokenbroker
