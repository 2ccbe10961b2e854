// SPDX-License-Identifier: Apache-2.0
//
// The broker dies after each durable step in turn; what it finds when it comes
// back must follow from that step alone.
#include "broker/recovery.h"

#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/world.h"

namespace tokenbroker {
namespace {

// A refresh whose n-th durable step fails, and a restart.
void CrashInRefresh(World& world, int step) {
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  world.store.FailWritesFrom(step);
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  world.broker->refresher.RefreshIfDue(World::Key());
  world.Restart();
}

TEST(RecoveryTest, NothingHappenedIfTheAttemptWasNotNoted) {
  World world;
  CrashInRefresh(world, 0);
  EXPECT_EQ(world.Record().connection().state(), v1::Connection::STATE_ACTIVE);
  EXPECT_EQ(world.GetText(), "at-1");
}

TEST(RecoveryTest, TheOutcomeIsUnknownIfTheAnswerWasNotKept) {
  World world;
  CrashInRefresh(world, 1);
  const auto record = world.Record();
  EXPECT_EQ(record.connection().state(), v1::Connection::STATE_OUTCOME_UNKNOWN);
  EXPECT_EQ(record.connection().generation(), 1);
  // Strict rotation: the token that lives is served, and nothing is presented.
  EXPECT_EQ(world.GetText(), "at-1");
  EXPECT_EQ(world.http.sent().size(), 2u);
}

TEST(RecoveryTest, AKeptAnswerIsReadAndCommitted) {
  World world;
  CrashInRefresh(world, 2);
  EXPECT_EQ(world.Record().connection().generation(), 2);
  EXPECT_EQ(world.GetText(), "at-2");
  EXPECT_EQ(world.http.sent().size(), 2u);
  EXPECT_TRUE(world.memory.OpenAttempts()->empty());
}

TEST(RecoveryTest, AStrictProviderIsAskedOnceMoreAndLate) {
  World world;
  CrashInRefresh(world, 1);
  world.clock.Advance(absl::Minutes(11));  // at-1 is over
  world.http.Answer(400, R"({"error":"invalid_grant"})");
  EXPECT_EQ(world.GetText(), "REAUTHORIZATION_REQUIRED");
  EXPECT_EQ(world.Record().connection().reason(),
            v1::Connection::REASON_ROTATION_LOST);
}

TEST(RecoveryTest, AStrictProviderThatNeverGotTheRequestGoesOn) {
  World world;
  CrashInRefresh(world, 1);
  world.clock.Advance(absl::Minutes(11));
  world.http.Answer(200, World::Tokens("at-3", "rt-3"));
  EXPECT_EQ(world.GetText(), "at-3");
  EXPECT_EQ(world.Record().connection().state(), v1::Connection::STATE_ACTIVE);
}

TEST(RecoveryTest, AProviderThatDoesNotRotateIsAskedAgainSoon) {
  World world(config::v1::ROTATION_NEVER);
  CrashInRefresh(world, 1);
  world.clock.Advance(absl::Seconds(3));
  world.http.Answer(200, World::Tokens("at-3", ""));
  EXPECT_TRUE(world.broker->refresher.RefreshIfDue(World::Key()).exchanged);
  EXPECT_EQ(world.GetText(), "at-3");
}

TEST(RecoveryTest, AProviderWithGraceIsAskedAgainWithinIt) {
  World world(config::v1::ROTATION_GRACE);
  CrashInRefresh(world, 1);
  world.clock.Advance(absl::Seconds(3));
  world.http.Answer(200, World::Tokens("at-3", "rt-3"));
  EXPECT_TRUE(world.broker->refresher.RefreshIfDue(World::Key()).exchanged);
  EXPECT_EQ(world.GetText(), "at-3");
}

TEST(RecoveryTest, AProviderWhoseGraceIsOverIsTreatedAsStrict) {
  World world(config::v1::ROTATION_GRACE);
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  world.store.FailWritesFrom(1);
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  world.broker->refresher.RefreshIfDue(World::Key());
  world.clock.Advance(absl::Minutes(3));  // down for longer than the grace
  world.Restart();
  world.clock.Advance(absl::Minutes(1));
  EXPECT_FALSE(world.broker->refresher.RefreshIfDue(World::Key()).exchanged);
  EXPECT_EQ(world.GetText(), "at-1");
}

// A code whose n-th durable step fails (0 remembers, 1 takes, 2 begins, 3
// keeps, 4 commits), and a restart.
absl::StatusOr<v1::Connection> CrashInCompletion(World& world, int step) {
  world.store.FailWritesFrom(step);
  const auto started = world.Start(World::StartRequest());
  v1::CompleteAuthorizationRequest callback;
  callback.set_code("code-1");
  if (started.ok()) callback.set_state(started->state());
  world.http.Answer(200, World::Tokens("at-1", "rt-1"));
  auto connection = world.Complete(callback);
  world.Restart();
  return connection;
}

TEST(RecoveryTest, ACodeWithoutAKeptAnswerIsGivenUpAndNeverSentAgain) {
  for (const int step : {1, 2, 3}) {
    World world;
    EXPECT_FALSE(CrashInCompletion(world, step).ok()) << step;
    EXPECT_TRUE(world.memory.OpenAttempts()->empty()) << step;
    EXPECT_EQ(world.GetText(), "CONNECTION_NOT_FOUND") << step;
    EXPECT_EQ(world.http.sent().size(), step < 3 ? 0u : 1u) << step;
  }
}

TEST(RecoveryTest, ACodeWithAKeptAnswerBecomesAConnection) {
  World world;
  EXPECT_FALSE(CrashInCompletion(world, 4).ok());
  EXPECT_EQ(world.GetText(), "at-1");
  EXPECT_EQ(world.http.sent().size(), 1u);
}

TEST(RecoveryTest, ACodeWithAKeptAnswerKeepsWhatItsCallbackSaid) {
  World world(config::v1::ROTATION_STRICT, World::Settings(R"(
attributes:
- {name: realm, callback_param: realmId}
)"));
  auto callback = world.Callback();
  (*callback.mutable_other_params())["realmId"] = "r1";
  world.store.FailWritesFrom(3);  // takes, begins, keeps
  world.http.Answer(200, World::Tokens("at-1", "rt-1"));
  EXPECT_FALSE(world.Complete(callback).ok());
  world.Restart();
  EXPECT_EQ(world.Read()->attributes().at("realm"), "r1");
}

// A code that brings two pairs of tokens, whose n-th durable step fails: 0
// takes, 1 begins, 2 keeps, 3 begins and 4 commits the named pair, 5 commits
// the main one.
void CrashInCompletionOfPairs(World& world, int step) {
  const auto callback = world.Callback();
  world.store.FailWritesFrom(step);
  world.http.Answer(
      200, R"({"access_token":"at-b","refresh_token":"rt-b","expires_in":3600,)"
           R"("user":{"access_token":"at-u","refresh_token":"rt-u",)"
           R"("expires_in":3600}})");
  EXPECT_FALSE(world.Complete(callback).ok()) << step;
}

config::v1::Provider Pairs() {
  return World::Settings("answer: {named_tokens: [{name: user, at: user}]}");
}

TEST(RecoveryTest, AKeptAnswerBecomesEveryPairOfTokensOnce) {
  for (const int step : {3, 4, 5}) {
    World world(config::v1::ROTATION_STRICT, Pairs());
    CrashInCompletionOfPairs(world, step);
    EXPECT_EQ(world.GetText(), "CONNECTION_NOT_FOUND") << step;
    world.Restart();
    EXPECT_EQ(world.GetText(), "at-b") << step;
    EXPECT_EQ(world.GetText(World::Named("user")), "at-u") << step;
    for (const std::string& subject :
         {std::string("alice"), World::Named("user")}) {
      EXPECT_EQ(world.Record(subject).connection().generation(), 1) << step;
    }
    EXPECT_TRUE(world.memory.OpenAttempts()->empty()) << step;
    EXPECT_EQ(world.http.sent().size(), 1u) << step;
  }
}

TEST(RecoveryTest, APairThatRotatedSinceIsLeftAlone) {
  World world(config::v1::ROTATION_STRICT, Pairs());
  CrashInCompletionOfPairs(world, 5);
  world.store.FailWritesFrom(-1);
  world.clock.Advance(absl::Hours(2));
  world.http.Answer(200, World::Tokens("at-u2", "rt-u2"));
  EXPECT_EQ(world.GetText(World::Named("user")), "at-u2");
  EXPECT_TRUE(world.broker->recovery.Sweep(absl::InfiniteFuture()).ok());
  while (!world.broker->workers.IsIdle()) std::this_thread::yield();
  EXPECT_EQ(world.Record().connection().generation(), 1);
  EXPECT_EQ(world.GetText(World::Named("user")), "at-u2");
  EXPECT_EQ(world.Record(World::Named("user")).connection().generation(), 2);
}

TEST(RecoveryTest, APairOfAnEarlierConsentIsRenewed) {
  for (const int step : {3, 4, 5}) {
    World world(config::v1::ROTATION_STRICT, Pairs());
    world.Connect();
    world.Connect(World::Named("user"), "rt-old", "at-old");
    world.clock.Advance(absl::Minutes(1));
    CrashInCompletionOfPairs(world, step);
    EXPECT_EQ(world.GetText(), "at-1") << step;
    world.Restart();
    EXPECT_EQ(world.GetText(), "at-b") << step;
    EXPECT_EQ(world.GetText(World::Named("user")), "at-u") << step;
    EXPECT_EQ(world.Record(World::Named("user")).connection().generation(), 2);
  }
}

// As when a sweep found the attempt while it was being concluded.
TEST(RecoveryTest, WhatWasDeletedSinceDoesNotComeBack) {
  World world(config::v1::ROTATION_STRICT, Pairs());
  CrashInCompletionOfPairs(world, 5);
  world.store.FailWritesFrom(-1);
  const auto attempt = world.memory.OpenAttempts()->front();
  world.Restart();
  EXPECT_TRUE(world.Delete().ok());
  Outcome outcome{.outcome_class = OutcomeClass::kSuccess};
  outcome.tokens.emplace();
  outcome.tokens->named.push_back({.name = "user"});
  EXPECT_FALSE(world.broker->complete_authorization
                   .Conclude(attempt, world.providers->List().front(), outcome,
                             CompleteAuthorization::Turn::kAgain)
                   .ok());
  EXPECT_EQ(world.GetText(World::Named("user")), "CONNECTION_NOT_FOUND");
}

TEST(RecoveryTest, ASweepWaitsForARunningRefreshAndChangesNothing) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  world.http.AnswerWith([&]() -> absl::StatusOr<HttpResponse> {
    EXPECT_TRUE(world.broker->recovery.Sweep(absl::InfiniteFuture()).ok());
    return HttpResponse{.status = 200,
                        .content_type = "application/json",
                        .body = Secret(World::Tokens("at-2", "rt-2"))};
  });
  EXPECT_EQ(world.GetText("alice", {.min_ttl = absl::Minutes(30)}), "at-2");
  while (!world.broker->workers.IsIdle()) std::this_thread::yield();
  EXPECT_EQ(world.Record().connection().state(), v1::Connection::STATE_ACTIVE);
  EXPECT_EQ(world.GetText(), "at-2");
}

TEST(RecoveryTest, ASweepLeavesYoungAttemptsAlone) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  world.store.FailWritesFrom(2);  // the commit
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  world.broker->refresher.RefreshIfDue(World::Key());
  world.store.FailWritesFrom(-1);
  EXPECT_TRUE(world.broker->recovery.Sweep(world.clock.TimeNow()).ok());
  while (!world.broker->workers.IsIdle()) std::this_thread::yield();
  EXPECT_EQ(world.memory.OpenAttempts()->size(), 1u);
}

// Our own crash says nothing of the provider.
TEST(RecoveryTest, HoldsNoCrashAgainstTheProvider) {
  constexpr int kMoreThanBreaks = 12;
  World world(config::v1::ROTATION_NEVER);
  for (int i = 0; i < kMoreThanBreaks; ++i) {
    const std::string subject = absl::StrCat("u", i);
    world.Connect(subject);
    storage::v1::AttemptRecord attempt;
    attempt.set_id(absl::StrCat("attempt ", i));
    attempt.set_kind(storage::v1::AttemptRecord::KIND_REFRESH);
    attempt.set_provider("acme");
    attempt.set_subject(subject);
    attempt.set_generation(1);
    ASSERT_TRUE(world.memory.Begin(attempt).ok());
  }
  world.Restart();
  EXPECT_TRUE(world.broker->pace.Standing("acme", world.clock.TimeNow()).ok());
  EXPECT_FALSE(absl::StrContains(world.log_text(), "provider_unavailable"));
}

}  // namespace
}  // namespace tokenbroker
