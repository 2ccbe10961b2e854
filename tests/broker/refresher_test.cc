// SPDX-License-Identifier: Apache-2.0
#include "broker/refresher.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "broker/errors.h"
#include "broker/proto_time.h"
#include "broker/sealing.h"
#include "gtest/gtest.h"
#include "tests/world.h"

namespace tokenbroker {
namespace {

RefreshResult RefreshIfDue(World& world) {
  return world.broker->refresher.RefreshIfDue(World::Key());
}

TEST(RefresherTest, LeavesAConnectionAloneThatIsNotDue) {
  World world;
  world.Connect();
  const RefreshResult result = RefreshIfDue(world);
  EXPECT_TRUE(result.status.ok());
  EXPECT_FALSE(result.exchanged);
  EXPECT_EQ(world.http.sent().size(), 1u);
}

TEST(RefresherTest, SendsTheStoredRefreshToken) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  EXPECT_TRUE(RefreshIfDue(world).exchanged);
  const auto sent = world.http.sent().back();
  EXPECT_EQ(sent.url, "https://acme.test/token");
  EXPECT_TRUE(absl::StrContains(sent.body, "grant_type=refresh_token"));
  EXPECT_TRUE(absl::StrContains(sent.body, "refresh_token=rt-1"));
}

TEST(RefresherTest, UsesTheNewRefreshTokenNextTime) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  RefreshIfDue(world);
  world.clock.Advance(absl::Minutes(50));
  world.http.Answer(200, World::Tokens("at-3", "rt-3"));
  RefreshIfDue(world);
  EXPECT_TRUE(absl::StrContains(world.http.sent().back().body, "=rt-2"));
  EXPECT_EQ(world.Record().connection().generation(), 3);
}

TEST(RefresherTest, KeepsTheOldRefreshTokenWhenTheAnswerHasNone) {
  World world;
  world.Connect();
  for (int round = 2; round < 5; ++round) {
    world.clock.Advance(absl::Minutes(50));
    world.http.Answer(200, World::Tokens("at", ""));
    EXPECT_TRUE(RefreshIfDue(world).status.ok());
    EXPECT_TRUE(absl::StrContains(world.http.sent().back().body, "=rt-1"));
    EXPECT_EQ(world.Record().connection().generation(), round);
  }
}

TEST(RefresherTest, NotesTheAttemptBeforeItSends) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  world.http.AnswerWith([&]() -> absl::StatusOr<HttpResponse> {
    const auto attempts = world.memory.OpenAttempts();
    EXPECT_EQ(attempts->size(), 1u);
    EXPECT_EQ(attempts->front().generation(), 1);
    return absl::UnknownError("reset");
  });
  RefreshIfDue(world);
  EXPECT_EQ(world.http.sent().size(), 2u);
}

TEST(RefresherTest, SendsNothingWhenTheAttemptCannotBeNoted) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  world.store.FailWritesFrom(0);
  EXPECT_EQ(ReasonOf(RefreshIfDue(world).status),
            v1::ERROR_REASON_STORAGE_UNAVAILABLE);
  EXPECT_EQ(world.http.sent().size(), 1u);
}

TEST(RefresherTest, BeginsNothingThatCouldNotBeStored) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  world.store.SetWritable(false);
  EXPECT_EQ(ReasonOf(RefreshIfDue(world).status),
            v1::ERROR_REASON_STORAGE_UNAVAILABLE);
  EXPECT_EQ(world.http.sent().size(), 1u);
  EXPECT_TRUE(world.memory.OpenAttempts()->empty());
  // What lives is served on.
  EXPECT_EQ(world.GetText(), "at-1");
  EXPECT_FALSE(world.broker->readiness.IsReady());
  world.store.SetWritable(true);
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  EXPECT_TRUE(RefreshIfDue(world).status.ok());
}

TEST(RefresherTest, BacksOffAfterATransientRefusal) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  world.http.AnswerRetryAfter(503, "120");
  const RefreshResult result = RefreshIfDue(world);
  EXPECT_EQ(ReasonOf(result.status), v1::ERROR_REASON_PROVIDER_UNAVAILABLE);
  EXPECT_EQ(FromProto(world.Record().connection().refresh_time()),
            world.clock.TimeNow() + absl::Minutes(2));
  EXPECT_EQ(world.Record().connection().state(), v1::Connection::STATE_ACTIVE);
}

TEST(RefresherTest, DoesNotWaitForATimeOfAnotherClock) {
  World world;
  world.clock.Advance(absl::Hours(2));
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  world.http.AnswerRetryAfter(503, "120");
  RefreshIfDue(world);
  // The broker ends, and starts again with its clock set back.
  world.clock.Advance(-absl::Hours(2));
  world.Restart();
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  EXPECT_EQ(world.GetText(), "at-2");
}

TEST(RefresherTest, AsksTwiceBeforeItBelievesThatAGrantIsDead) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  world.http.Answer(400, R"({"error":"invalid_grant"})");
  RefreshIfDue(world);
  EXPECT_EQ(world.Record().connection().state(), v1::Connection::STATE_ACTIVE);
  world.clock.Advance(absl::Seconds(5));
  world.http.Answer(400, R"({"error":"invalid_grant"})");
  EXPECT_EQ(ReasonOf(RefreshIfDue(world).status),
            v1::ERROR_REASON_REAUTHORIZATION_REQUIRED);
  EXPECT_EQ(world.Record().connection().reason(),
            v1::Connection::REASON_GRANT_REJECTED);
  EXPECT_EQ(world.GetText(), "REAUTHORIZATION_REQUIRED");
  EXPECT_EQ(world.http.sent().size(), 3u);
}

TEST(RefresherTest, SuspendsTheProviderAndKeepsConnectionsOnInvalidClient) {
  World world;
  world.Connect();
  world.Connect("bob");
  world.clock.Advance(absl::Hours(2));
  world.http.Answer(401, R"({"error":"invalid_client"})");
  EXPECT_EQ(world.GetText("alice"), "PROVIDER_MISCONFIGURED");
  EXPECT_EQ(world.GetText("bob"), "PROVIDER_MISCONFIGURED");
  EXPECT_EQ(world.http.sent().size(), 3u);  // bob's was not sent
  EXPECT_EQ(world.Read("bob")->state(), v1::Connection::STATE_SUSPENDED);
  EXPECT_EQ(world.Record().connection().state(), v1::Connection::STATE_ACTIVE);
  // Mended: the probe goes through and everybody is served again.
  world.clock.Advance(absl::Minutes(1));
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  EXPECT_EQ(world.GetText("bob"), "at-2");
  EXPECT_EQ(world.Read("bob")->state(), v1::Connection::STATE_ACTIVE);
}

// --- Where providers differ ---

TEST(RefresherTest, AsksOtherwiseTheFirstTimeAfterACode) {
  World world(config::v1::ROTATION_STRICT, World::Settings(R"(
refresh: {mode: exchange, least_age: 24h}
first_refresh_request: {params: {grant_type: short_for_long}}
refresh_request: {params: {grant_type: long_for_long}}
)"));
  world.Connect("alice", "", "short");
  // What a code brought is due at once.
  world.http.Answer(200, World::Tokens("long-1", "", 60 * 24 * 3600));
  EXPECT_TRUE(RefreshIfDue(world).exchanged);
  EXPECT_TRUE(absl::StrContains(world.http.sent().back().body,
                                "grant_type=short_for_long"));
  EXPECT_TRUE(absl::StrContains(world.http.sent().back().body, "=short"));
  EXPECT_FALSE(RefreshIfDue(world).exchanged);
  world.clock.Advance(absl::Hours(46 * 24));
  world.http.Answer(200, World::Tokens("long-2", "", 60 * 24 * 3600));
  EXPECT_TRUE(RefreshIfDue(world).exchanged);
  EXPECT_TRUE(absl::StrContains(world.http.sent().back().body,
                                "grant_type=long_for_long"));
  EXPECT_TRUE(absl::StrContains(world.http.sent().back().body, "=long-1"));
  EXPECT_EQ(world.GetText(), "long-2");
}

TEST(RefresherTest, RefreshesNoTokenThatIsTooYoungForAnybody) {
  World world(config::v1::ROTATION_STRICT,
              World::Settings("refresh: {least_age: 30m}"));
  world.Connect();
  world.clock.Advance(absl::Minutes(20));
  const auto refused = world.Get("alice", {.rejected = Secret("at-1")});
  EXPECT_EQ(ReasonOf(refused.status()), v1::ERROR_REASON_PROVIDER_UNAVAILABLE);
  EXPECT_EQ(RetryDelayOf(refused.status()), absl::Minutes(10));
  EXPECT_EQ(world.GetText("alice", {.min_ttl = absl::Minutes(50)}), "at-1");
  EXPECT_EQ(world.http.sent().size(), 1u);
  world.clock.Advance(absl::Minutes(10));
  world.http.Answer(200, World::Tokens("at-2", "rt-2"));
  EXPECT_EQ(world.GetText("alice", {.rejected = Secret("at-1")}), "at-2");
}

TEST(RefresherTest, SendsToWhereTheConnectionIsAndFollowsItWhenItMoves) {
  World world(config::v1::ROTATION_STRICT, World::Settings(R"(
refresh_request: {endpoint: "https://{instance}.acme.test/token"}
attributes:
- {name: instance, pattern: "[a-z]+", answer_member: instance}
)"));
  const auto callback = world.Callback();
  world.http.Answer(200, R"({"access_token":"at-1","refresh_token":"rt-1",)"
                         R"("expires_in":3600,"instance":"one"})");
  ASSERT_TRUE(world.Complete(callback).ok());
  world.clock.Advance(absl::Minutes(50));
  world.http.Answer(
      200, R"({"access_token":"at-2","expires_in":3600,"instance":"two"})");
  RefreshIfDue(world);
  EXPECT_EQ(world.http.sent().back().url, "https://one.acme.test/token");
  world.clock.Advance(absl::Minutes(50));
  world.http.Answer(200, World::Tokens("at-3", ""));
  RefreshIfDue(world);
  EXPECT_EQ(world.http.sent().back().url, "https://two.acme.test/token");
}

TEST(RefresherTest, SpendsNothingOnARequestThatCannotBeMade) {
  World world(config::v1::ROTATION_STRICT, World::Settings(R"(
refresh_request: {endpoint: "https://{instance}.acme.test/token"}
attributes:
- {name: instance, pattern: "[a-z]+", answer_member: instance}
)"));
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  EXPECT_EQ(ReasonOf(RefreshIfDue(world).status),
            v1::ERROR_REASON_PROVIDER_MISCONFIGURED);
  EXPECT_EQ(world.http.sent().size(), 1u);
  EXPECT_TRUE(world.memory.OpenAttempts()->empty());
  EXPECT_EQ(world.Record().failures(), 0);
  EXPECT_TRUE(absl::StrContains(world.log_text(), "request_not_made"));
  EXPECT_EQ(world.GetText(), "at-1");
}

// --- Answers that could not be read ---

TEST(RefresherTest, KeepsAnAnswerThatSaidSuccessAndCouldNotBeRead) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  world.http.Answer(200, R"({"token":"at-2","refresh_token":"rt-2"})");
  RefreshIfDue(world);
  const auto record = world.Record();
  EXPECT_EQ(record.connection().state(), v1::Connection::STATE_OUTCOME_UNKNOWN);
  ASSERT_TRUE(record.has_unread_attempt());
  const auto kept = OpenResponse(*world.keyring, record.unread_attempt());
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_TRUE(absl::StrContains(kept->body.Reveal(), "rt-2"));
  EXPECT_FALSE(absl::StrContains(record.SerializeAsString(), "rt-2"));
}

TEST(RefresherTest, KeepsNoAnswerThatSaidNothingOfSuccess) {
  for (const int status : {302, 400, 500, 503}) {
    World world;
    world.Connect();
    world.clock.Advance(absl::Minutes(50));
    world.http.Answer(status, "<html>");
    RefreshIfDue(world);
    EXPECT_FALSE(world.Record().has_unread_attempt()) << status;
  }
}

// As after an upgrade: the kept answer is one that this version can read.
void MakeTheKeptAnswerReadable(World& world) {
  auto record = world.Record();
  storage::v1::AttemptRecord& attempt = *record.mutable_unread_attempt();
  HttpResponse response;
  response.status = 200;
  response.body = Secret(World::Tokens("at-2", "rt-2"));
  *attempt.mutable_response() = SealResponse(*world.keyring, attempt, response);
  storage::v1::AttemptRecord write = attempt;
  write.set_id("the test's own");
  ASSERT_TRUE(world.memory.Begin(write).ok());
  ASSERT_TRUE(world.memory.Commit(write, record).ok());
}

TEST(RefresherTest, ReadsAKeptAnswerAgainBeforeItAsksAgain) {
  World world(config::v1::ROTATION_NEVER);
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  world.http.Answer(200, "garbage");
  RefreshIfDue(world);
  MakeTheKeptAnswerReadable(world);
  EXPECT_TRUE(RefreshIfDue(world).status.ok());
  EXPECT_EQ(world.http.sent().size(), 2u);
  EXPECT_EQ(world.GetText(), "at-2");
  EXPECT_EQ(world.Record().connection().generation(), 2);
  EXPECT_FALSE(world.Record().has_unread_attempt());
  EXPECT_TRUE(world.memory.OpenAttempts()->empty());
}

TEST(RefresherTest, AsksAgainWhenAKeptAnswerStaysUnreadable) {
  World world(config::v1::ROTATION_NEVER);
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  world.http.Answer(200, "garbage");
  RefreshIfDue(world);
  world.http.Answer(200, World::Tokens("at-3", "rt-3"));
  RefreshIfDue(world);
  EXPECT_EQ(world.http.sent().size(), 3u);
  EXPECT_EQ(world.GetText(), "at-3");
}

TEST(RefresherTest, ReadsAKeptAnswerOfAnEndedConnectionWhenAsked) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  world.http.Answer(200, "garbage");
  RefreshIfDue(world);
  world.clock.Advance(absl::Minutes(10));
  world.http.Answer(400, R"({"error":"invalid_grant"})");
  RefreshIfDue(world);
  EXPECT_EQ(world.GetText(), "REAUTHORIZATION_REQUIRED");
  EXPECT_EQ(world.Record().connection().reason(),
            v1::Connection::REASON_ROTATION_LOST);
  MakeTheKeptAnswerReadable(world);
  // Its life counts from when it was asked for.
  world.clock.Advance(-absl::Minutes(5));
  EXPECT_EQ(world.GetText(), "at-2");
  EXPECT_EQ(world.Record().connection().state(), v1::Connection::STATE_ACTIVE);
  EXPECT_EQ(world.http.sent().size(), 3u);
}

// --- What a provider's answers teach ---

TEST(RefresherTest, CountsWhatTheProviderDoesWithRefreshTokens) {
  World world;
  world.Connect();
  for (const char* refresh_token : {"rt-2", "rt-2", ""}) {
    world.clock.Advance(absl::Minutes(50));
    world.http.Answer(200, World::Tokens("at", refresh_token));
    RefreshIfDue(world);
  }
  for (const char* seen : {"new", "same", "none"}) {
    EXPECT_TRUE(absl::StrContains(
        world.broker->metrics.Text(),
        absl::StrCat("tokenbroker_refresh_tokens_seen_total{provider=\"acme\","
                     "refresh_token=\"",
                     seen, "\"} 1")));
  }
}

TEST(RefresherTest, CountsConnectionsThatEnded) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Minutes(50));
  world.http.AnswerWith([]() -> absl::StatusOr<HttpResponse> {
    return absl::UnknownError("reset");
  });
  RefreshIfDue(world);
  world.clock.Advance(absl::Minutes(10));
  world.http.Answer(400, R"({"error":"invalid_grant"})");
  RefreshIfDue(world);
  EXPECT_TRUE(absl::StrContains(
      world.broker->metrics.Text(),
      "tokenbroker_connections_ended_total{provider=\"acme\",reason="
      "\"rotation_lost\"} 1"));
}

TEST(RefresherTest, TellsTheOperatorThatAProviderIsSuspended) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Hours(2));
  world.http.Answer(401, R"({"error":"invalid_client"})");
  world.GetText();
  EXPECT_TRUE(absl::StrContains(world.log_text(), "provider_suspended"));
}

// A refusal that names the token must not carry it into a log or an error.
TEST(RefresherTest, PassesOnNoTextOfTheProvider) {
  World world;
  world.Connect();
  world.clock.Advance(absl::Hours(2));
  world.http.Answer(
      400, R"({"error":"bad rt-1","error_description":"no such token rt-1"})");
  const auto answer = world.Get();
  EXPECT_FALSE(answer.ok());
  EXPECT_FALSE(absl::StrContains(answer.status().ToString(), "rt-1"));
  EXPECT_FALSE(absl::StrContains(world.log_text(), "rt-1"));
}

}  // namespace
}  // namespace tokenbroker
