// SPDX-License-Identifier: Apache-2.0
#include "broker/settle.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "broker/proto_time.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

using config::v1::Rotation;
using storage::v1::ConnectionRecord;
using v1::Connection;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr absl::Time kSent = absl::FromUnixSeconds(1'799'999'998);
constexpr absl::Duration kGrace = absl::Seconds(100);

constexpr Rotation kEveryRotation[] = {
    config::v1::ROTATION_UNSPECIFIED,     config::v1::ROTATION_NEVER,
    config::v1::ROTATION_UNTIL_FIRST_USE, config::v1::ROTATION_GRACE,
    config::v1::ROTATION_STRICT,          config::v1::ROTATION_UNKNOWN};
// A spent refresh token may end the grant.
constexpr Rotation kStrictRotations[] = {config::v1::ROTATION_UNSPECIFIED,
                                         config::v1::ROTATION_STRICT,
                                         config::v1::ROTATION_UNKNOWN};
// A spent refresh token still works.
constexpr Rotation kLenientRotations[] = {config::v1::ROTATION_NEVER,
                                          config::v1::ROTATION_UNTIL_FIRST_USE};
constexpr OutcomeClass kEveryFailure[] = {
    OutcomeClass::kNotSent, OutcomeClass::kTransient, OutcomeClass::kUnknown,
    OutcomeClass::kClientRejected, OutcomeClass::kGrantDead};

config::v1::Provider Settings(Rotation rotation) {
  config::v1::Provider settings;
  settings.set_rotation(rotation);
  if (rotation == config::v1::ROTATION_GRACE) {
    *settings.mutable_rotation_grace() = ToProto(kGrace);
  }
  return settings;
}

Outcome Failure(OutcomeClass outcome_class,
                absl::Duration retry_after = absl::ZeroDuration()) {
  Outcome outcome;
  outcome.outcome_class = outcome_class;
  outcome.retry_after = retry_after;
  return outcome;
}

TokenSet Tokens(absl::Time expire_time) {
  TokenSet tokens;
  tokens.access_token = Secret("at-new");
  tokens.refresh_token = Secret("rt-new");
  tokens.token_type = "DPoP";
  tokens.expire_time = expire_time;
  tokens.scopes = {"read", "write"};
  return tokens;
}

Outcome Success(absl::Time expire_time = kNow + absl::Hours(1)) {
  Outcome outcome = Failure(OutcomeClass::kSuccess);
  outcome.tokens = Tokens(expire_time);
  return outcome;
}

// An active connection: an hour's token with `left` to live.
ConnectionRecord Active(absl::Duration left = absl::Minutes(20)) {
  ConnectionRecord record;
  Connection& connection = *record.mutable_connection();
  connection.set_provider("google");
  connection.set_subject("alice");
  connection.set_state(Connection::STATE_ACTIVE);
  connection.add_scopes("openid");
  connection.mutable_account()->set_id("1234");
  connection.set_generation(7);
  *connection.mutable_create_time() = ToProto(kNow - absl::Hours(99));
  *connection.mutable_expire_time() = ToProto(kNow + left);
  *connection.mutable_refresh_time() = ToProto(kSent);
  record.set_token_type("Bearer");
  *record.mutable_obtain_time() = ToProto(kNow + left - absl::Hours(1));
  record.mutable_access_token()->set_ciphertext("sealed at");
  record.mutable_refresh_token()->set_ciphertext("sealed rt");
  return record;
}

// One whose last refresh, sent at `since`, brought no answer.
ConnectionRecord Unknown(absl::Time since,
                         absl::Duration left = absl::Minutes(20)) {
  ConnectionRecord record = Active(left);
  record.mutable_connection()->set_state(Connection::STATE_OUTCOME_UNKNOWN);
  record.mutable_connection()->set_reason(Connection::REASON_NO_ANSWER);
  record.set_failures(1);
  *record.mutable_retry_time() = ToProto(kSent);
  *record.mutable_unknown_since() = ToProto(since);
  return record;
}

// One whose grant was called dead once.
ConnectionRecord RejectedOnce() {
  ConnectionRecord record = Active();
  record.set_failures(1);
  record.set_grant_rejections(1);
  *record.mutable_retry_time() = ToProto(kSent);
  return record;
}

ConnectionRecord Settle(const ConnectionRecord& current, const Outcome& outcome,
                        Rotation rotation = config::v1::ROTATION_STRICT,
                        double jitter = 0.5) {
  const config::v1::Provider settings = Settings(rotation);
  return SettleRefresh(current, outcome,
                       SettleContext{.now = kNow,
                                     .sent_time = kSent,
                                     .provider = settings,
                                     .jitter = jitter});
}

ConnectionRecord Coded(
    const ConnectionRecord& current, const TokenSet& tokens,
    const config::v1::Provider& settings =
        Settings(config::v1::ROTATION_STRICT),
    const storage::v1::AuthorizationRecord& authorization = {}) {
  return SettleCode(
      current, tokens, authorization,
      SettleContext{.now = kNow, .sent_time = kSent, .provider = settings});
}

// A refresh that brought `tokens`.
ConnectionRecord Refreshed(const ConnectionRecord& current, TokenSet tokens,
                           const config::v1::Provider& settings) {
  Outcome outcome = Failure(OutcomeClass::kSuccess);
  outcome.tokens = std::move(tokens);
  return SettleRefresh(
      current, outcome,
      SettleContext{.now = kNow, .sent_time = kSent, .provider = settings});
}

absl::Time RetryTime(const ConnectionRecord& record) {
  return FromProto(record.retry_time());
}

// --- The state machine ---

TEST(SettleTest, MovesAlongTheArrowsOfTheDiagram) {
  const ConnectionRecord active = Active();
  const ConnectionRecord once = RejectedOnce();
  const ConnectionRecord unknown = Unknown(kNow - absl::Minutes(1));
  constexpr auto kOver = Connection::STATE_REAUTHORIZATION_REQUIRED;
  const struct {
    const char* from;
    const ConnectionRecord& current;
    OutcomeClass outcome;
    Connection::State state;
    Connection::Reason reason;
  } cases[] = {
      {"active", active, OutcomeClass::kNotSent, Connection::STATE_ACTIVE,
       Connection::REASON_UNSPECIFIED},
      {"active", active, OutcomeClass::kTransient, Connection::STATE_ACTIVE,
       Connection::REASON_UNSPECIFIED},
      {"active", active, OutcomeClass::kClientRejected,
       Connection::STATE_ACTIVE, Connection::REASON_UNSPECIFIED},
      {"active", active, OutcomeClass::kUnknown,
       Connection::STATE_OUTCOME_UNKNOWN, Connection::REASON_NO_ANSWER},
      {"active", active, OutcomeClass::kGrantDead, Connection::STATE_ACTIVE,
       Connection::REASON_UNSPECIFIED},
      {"rejected once", once, OutcomeClass::kNotSent, Connection::STATE_ACTIVE,
       Connection::REASON_UNSPECIFIED},
      {"rejected once", once, OutcomeClass::kTransient,
       Connection::STATE_ACTIVE, Connection::REASON_UNSPECIFIED},
      {"rejected once", once, OutcomeClass::kClientRejected,
       Connection::STATE_ACTIVE, Connection::REASON_UNSPECIFIED},
      {"rejected once", once, OutcomeClass::kUnknown,
       Connection::STATE_OUTCOME_UNKNOWN, Connection::REASON_NO_ANSWER},
      {"rejected once", once, OutcomeClass::kGrantDead, kOver,
       Connection::REASON_GRANT_REJECTED},
      {"unknown", unknown, OutcomeClass::kNotSent,
       Connection::STATE_OUTCOME_UNKNOWN, Connection::REASON_NO_ANSWER},
      {"unknown", unknown, OutcomeClass::kTransient,
       Connection::STATE_OUTCOME_UNKNOWN, Connection::REASON_NO_ANSWER},
      {"unknown", unknown, OutcomeClass::kClientRejected,
       Connection::STATE_OUTCOME_UNKNOWN, Connection::REASON_NO_ANSWER},
      {"unknown", unknown, OutcomeClass::kUnknown,
       Connection::STATE_OUTCOME_UNKNOWN, Connection::REASON_NO_ANSWER},
  };
  for (const Rotation rotation : kEveryRotation) {
    for (const auto& test : cases) {
      SCOPED_TRACE(absl::StrCat(test.from, ", outcome ",
                                static_cast<int>(test.outcome), ", ",
                                config::v1::Rotation_Name(rotation)));
      const ConnectionRecord next =
          Settle(test.current, Failure(test.outcome), rotation);
      EXPECT_EQ(next.connection().state(), test.state);
      EXPECT_EQ(next.connection().reason(), test.reason);
      EXPECT_EQ(next.failures(), test.current.failures() + 1);
      const bool over = test.state == kOver;
      EXPECT_EQ(next.has_retry_time(), !over);
      EXPECT_EQ(next.connection().has_refresh_time(), !over);
    }
  }
}

TEST(SettleTest, KeepsTokensAndGenerationWhateverFailed) {
  for (const Rotation rotation : kEveryRotation) {
    for (const ConnectionRecord& current :
         {Active(), RejectedOnce(), Unknown(kSent)}) {
      for (const OutcomeClass outcome : kEveryFailure) {
        ConnectionRecord next = Settle(current, Failure(outcome), rotation);
        // But for these, nothing changes.
        next.set_failures(current.failures());
        next.set_grant_rejections(current.grant_rejections());
        *next.mutable_retry_time() = current.retry_time();
        if (!current.has_retry_time()) next.clear_retry_time();
        *next.mutable_unknown_since() = current.unknown_since();
        if (!current.has_unknown_since()) next.clear_unknown_since();
        Connection& connection = *next.mutable_connection();
        connection.set_state(current.connection().state());
        connection.set_reason(current.connection().reason());
        *connection.mutable_refresh_time() =
            current.connection().refresh_time();
        EXPECT_EQ(next.SerializeAsString(), current.SerializeAsString())
            << static_cast<int>(outcome);
      }
    }
  }
}

TEST(SettleTest, MovesOnlyTheNextTryForWhatLeftTheTokenUnspent) {
  for (const ConnectionRecord& current :
       {Active(), RejectedOnce(), Unknown(kSent)}) {
    for (const OutcomeClass outcome :
         {OutcomeClass::kNotSent, OutcomeClass::kTransient,
          OutcomeClass::kClientRejected}) {
      ConnectionRecord next = Settle(current, Failure(outcome));
      EXPECT_GT(RetryTime(next), kNow);
      EXPECT_EQ(FromProto(next.connection().refresh_time()), RetryTime(next));
      EXPECT_EQ(next.grant_rejections(), current.grant_rejections());
      EXPECT_EQ(next.unknown_since().SerializeAsString(),
                current.unknown_since().SerializeAsString());
    }
  }
}

// --- Success ---

TEST(SettleTest, TakesNewTokensFromAnyState) {
  for (const ConnectionRecord& current :
       {Active(), RejectedOnce(), Unknown(kSent)}) {
    const ConnectionRecord next =
        Settle(current, Success(kNow + absl::Hours(1)));
    const Connection& connection = next.connection();
    EXPECT_EQ(connection.generation(), 8);
    EXPECT_EQ(connection.state(), Connection::STATE_ACTIVE);
    EXPECT_EQ(connection.reason(), Connection::REASON_UNSPECIFIED);
    EXPECT_EQ(std::vector<std::string>(connection.scopes().begin(),
                                       connection.scopes().end()),
              (std::vector<std::string>{"read", "write"}));
    EXPECT_EQ(FromProto(connection.expire_time()), kNow + absl::Hours(1));
    EXPECT_EQ(next.token_type(), "DPoP");
    EXPECT_EQ(FromProto(next.obtain_time()), kSent) << "lives count from there";
  }
}

TEST(SettleTest, KeepsAnUnreadAnswerUntilTokensCome) {
  ConnectionRecord record = Active();
  record.mutable_unread_attempt()->set_id("attempt");
  for (const OutcomeClass failure : kEveryFailure) {
    EXPECT_TRUE(Settle(record, Failure(failure)).has_unread_attempt());
  }
  EXPECT_FALSE(Settle(record, Success()).has_unread_attempt());
}

TEST(SettleTest, ClearsEveryTraceOfFailureOnSuccess) {
  ConnectionRecord current = Unknown(kNow - absl::Hours(1));
  current.set_failures(9);
  current.set_grant_rejections(1);
  const ConnectionRecord next = Settle(current, Success());
  EXPECT_EQ(next.failures(), 0);
  EXPECT_EQ(next.grant_rejections(), 0);
  EXPECT_FALSE(next.has_retry_time());
  EXPECT_FALSE(next.has_unknown_since());
}

TEST(SettleTest, LeavesTheSealedTokensToTheSealerOnSuccess) {
  const ConnectionRecord next = Settle(Active(), Success());
  EXPECT_EQ(next.access_token().ciphertext(), "sealed at");
  EXPECT_EQ(next.refresh_token().ciphertext(), "sealed rt");
}

TEST(SettleTest, KeepsWhoseItIsAndSinceWhenOnSuccess) {
  const ConnectionRecord current = Active();
  const Connection connection = Settle(current, Success()).connection();
  EXPECT_EQ(connection.provider(), "google");
  EXPECT_EQ(connection.subject(), "alice");
  EXPECT_EQ(connection.account().id(), "1234");
  EXPECT_EQ(FromProto(connection.create_time()), kNow - absl::Hours(99));
}

TEST(SettleTest, IsDueAsTheNewLifeSays) {
  const TokenLife life{.obtain_time = kSent,
                       .expire_time = kSent + absl::Minutes(30)};
  for (const double jitter : {0.0, 0.25, 0.75}) {
    const ConnectionRecord next = Settle(Active(), Success(life.expire_time),
                                         config::v1::ROTATION_STRICT, jitter);
    const absl::Time due = FromProto(next.connection().refresh_time());
    EXPECT_LT(absl::AbsDuration(due - DueTime(life, jitter)),
              absl::Microseconds(2));
  }
}

TEST(SettleTest, IsNeverDueWithoutALife) {
  const ConnectionRecord next =
      Settle(Active(), Success(absl::InfiniteFuture()));
  EXPECT_FALSE(next.connection().has_expire_time());
  EXPECT_FALSE(next.connection().has_refresh_time());
}

// --- Refused or failed, and the refresh token unspent ---

TEST(SettleTest, IsNotDueByTheClockOnDemand) {
  config::v1::Provider settings = Settings(config::v1::ROTATION_NEVER);
  settings.mutable_refresh()->set_mode(config::v1::REFRESH_MODE_ON_DEMAND);
  const SettleContext on_demand{
      .now = kNow, .sent_time = kSent, .provider = settings};
  ConnectionRecord next = SettleRefresh(Active(), Success(), on_demand);
  EXPECT_FALSE(next.connection().has_refresh_time());
  EXPECT_TRUE(next.connection().has_expire_time());
  // A refusal waits for the next caller; a retry of an unknown outcome must
  // not.
  const ConnectionRecord refused =
      SettleRefresh(next, Failure(OutcomeClass::kTransient), on_demand);
  EXPECT_FALSE(refused.connection().has_refresh_time());
  EXPECT_TRUE(refused.has_retry_time());
  const ConnectionRecord unknown =
      SettleRefresh(next, Failure(OutcomeClass::kUnknown), on_demand);
  EXPECT_TRUE(unknown.connection().has_refresh_time());
}

TEST(SettleTest, IsDueWhenItWouldIdleAwayWhateverTheLife) {
  config::v1::Provider settings = Settings(config::v1::ROTATION_NEVER);
  settings.mutable_refresh()->set_mode(config::v1::REFRESH_MODE_IDLE_TOUCH);
  *settings.mutable_refresh()->mutable_idle_touch() =
      ToProto(absl::Hours(24 * 30));
  for (const absl::Time expire_time :
       {kNow + absl::Hours(1), absl::InfiniteFuture()}) {
    for (const double jitter : {0.0, 0.5}) {
      const ConnectionRecord next =
          SettleRefresh(Active(), Success(expire_time),
                        SettleContext{.now = kNow,
                                      .sent_time = kSent,
                                      .provider = settings,
                                      .jitter = jitter});
      EXPECT_EQ(FromProto(next.connection().refresh_time()),
                kSent + absl::Hours(24 * 30) * (1 - 0.15 * jitter));
    }
  }
}

TEST(SettleTest, IsDueBeforeTheGrantIdlesAwayThoughTheTokenLivesLonger) {
  config::v1::Provider settings = Settings(config::v1::ROTATION_NEVER);
  *settings.mutable_idle_lifetime() = ToProto(absl::Hours(100));
  const SettleContext context{
      .now = kNow, .sent_time = kSent, .provider = settings};
  struct Case {
    absl::Time expire_time;
    absl::Time due;
  };
  for (const Case& c :
       {Case{kSent + absl::Hours(4), kSent + absl::Hours(3)},
        Case{kSent + absl::Hours(1000), kSent + absl::Hours(75)},
        Case{absl::InfiniteFuture(), kSent + absl::Hours(75)}}) {
    const ConnectionRecord next =
        SettleRefresh(Active(), Success(c.expire_time), context);
    EXPECT_EQ(FromProto(next.connection().refresh_time()), c.due);
  }
}

TEST(SettleTest, TriesAnUnknownOutcomeAtOnceTheFirstTimeOnly) {
  for (const Rotation rotation : kLenientRotations) {
    ConnectionRecord next =
        Settle(Active(), Failure(OutcomeClass::kUnknown), rotation);
    EXPECT_EQ(RetryTime(next), kNow);
    next = Settle(next, Failure(OutcomeClass::kUnknown), rotation);
    EXPECT_GT(RetryTime(next), kNow);
  }
}

TEST(SettleTest, WaitsLongerWithEachFailure) {
  for (const OutcomeClass outcome :
       {OutcomeClass::kNotSent, OutcomeClass::kTransient}) {
    ConnectionRecord current = Active(-absl::Hours(1));
    absl::Time last = kNow;
    for (int i = 0; i < 5; ++i) {
      current = Settle(current, Failure(outcome));
      EXPECT_GT(RetryTime(current), last) << i;
      last = RetryTime(current);
    }
  }
}

TEST(SettleTest, WaitsNoLongerThanAQuarterOfWhatTheTokenHasLeft) {
  ConnectionRecord current = Active(absl::Minutes(2));
  current.set_failures(50);
  EXPECT_EQ(RetryTime(Settle(current, Failure(OutcomeClass::kNotSent))),
            kNow + absl::Seconds(30));
  // Nothing is left to hurry for.
  current = Active(-absl::Minutes(2));
  current.set_failures(50);
  EXPECT_GT(RetryTime(Settle(current, Failure(OutcomeClass::kNotSent))),
            kNow + absl::Minutes(1));
}

TEST(SettleTest, DoesNotComeBackBeforeTheProviderAllows) {
  for (const absl::Duration left : {absl::Minutes(2), -absl::Minutes(2)}) {
    for (const OutcomeClass outcome :
         {OutcomeClass::kTransient, OutcomeClass::kUnknown}) {
      for (const Rotation rotation : kEveryRotation) {
        const ConnectionRecord next =
            Settle(Active(left), Failure(outcome, absl::Hours(3)), rotation);
        EXPECT_GE(RetryTime(next), kNow + absl::Hours(3));
      }
    }
  }
}

TEST(SettleTest, GivesAnOperatorTimeToMendTheClient) {
  const ConnectionRecord next =
      Settle(Active(), Failure(OutcomeClass::kClientRejected));
  EXPECT_EQ(RetryTime(next), kNow + absl::Minutes(1));
}

// --- Sent, and no usable answer ---

TEST(SettleTest, CountsTheUnknownFromTheFirstAttemptWithoutAnAnswer) {
  const ConnectionRecord first =
      Settle(Active(), Failure(OutcomeClass::kUnknown));
  EXPECT_EQ(FromProto(first.unknown_since()), kSent);
  const absl::Time before = kNow - absl::Minutes(10);
  const ConnectionRecord again =
      Settle(Unknown(before), Failure(OutcomeClass::kUnknown));
  EXPECT_EQ(FromProto(again.unknown_since()), before);
}

TEST(SettleTest, AsksALenientProviderAgainSoon) {
  for (const Rotation rotation : kLenientRotations) {
    const ConnectionRecord next =
        Settle(Unknown(kSent), Failure(OutcomeClass::kUnknown), rotation);
    EXPECT_EQ(RetryTime(next), kNow + Backoff(2, 0.5));
  }
}

TEST(SettleTest, AsksAStrictProviderOnlyNearTheEndOfTheOldToken) {
  // Presenting a spent token may revoke the one that still serves.
  for (const Rotation rotation : kStrictRotations) {
    for (const absl::Duration left :
         {absl::Seconds(15), absl::Minutes(20), absl::Minutes(59)}) {
      for (const double jitter : {0.0, 0.5, 0.999}) {
        const absl::Time end = kNow + left;
        const absl::Time retry = RetryTime(Settle(
            Active(left), Failure(OutcomeClass::kUnknown), rotation, jitter));
        EXPECT_GE(retry, end - absl::Seconds(10)) << left;
        EXPECT_LT(retry, end) << left;
      }
    }
  }
}

TEST(SettleTest, LeavesTimeToAskBeforeTheEndOfAShortLife) {
  ConnectionRecord current = Active(absl::Seconds(15));
  *current.mutable_obtain_time() = ToProto(kNow - absl::Seconds(5));
  const absl::Time retry =
      RetryTime(Settle(current, Failure(OutcomeClass::kUnknown)));
  EXPECT_GE(retry, kNow + absl::Seconds(15) - absl::Seconds(2));  // a tenth
  EXPECT_LT(retry, kNow + absl::Seconds(15));
}

TEST(SettleTest, AsksAStrictProviderSoonWhenNothingIsLeftToLose) {
  for (const Rotation rotation : kStrictRotations) {
    const ConnectionRecord ended = Settle(
        Active(-absl::Minutes(1)), Failure(OutcomeClass::kUnknown), rotation);
    EXPECT_EQ(RetryTime(ended), kNow + Backoff(1, 0.5));
    // Without an end it is only refreshed when an API refused it.
    ConnectionRecord endless = Active();
    endless.mutable_connection()->clear_expire_time();
    EXPECT_EQ(
        RetryTime(Settle(endless, Failure(OutcomeClass::kUnknown), rotation)),
        kNow + Backoff(1, 0.5));
  }
}

TEST(SettleTest, AsksAStrictProviderSoonWhenTheTokenIsOfAnotherClock) {
  ConnectionRecord ahead = Active();
  *ahead.mutable_obtain_time() = ToProto(kNow + absl::Hours(2));
  *ahead.mutable_connection()->mutable_expire_time() =
      ToProto(kNow + absl::Hours(3));
  for (const Rotation rotation : kStrictRotations) {
    EXPECT_EQ(
        RetryTime(Settle(ahead, Failure(OutcomeClass::kUnknown), rotation)),
        kNow + Backoff(1, 0.5));
  }
}

TEST(SettleTest, AsksAgainWithinTheGraceOfTheFirstAttempt) {
  for (const double jitter : {0.0, 0.5, 0.999}) {
    for (const int failures : {0, 3, 30}) {
      // 70 s of the 100 are gone.
      ConnectionRecord current = Unknown(kNow - absl::Seconds(70));
      current.set_failures(failures);
      const ConnectionRecord next =
          Settle(current, Failure(OutcomeClass::kUnknown),
                 config::v1::ROTATION_GRACE, jitter);
      EXPECT_EQ(RetryTime(next) > kNow, failures > 0);
      EXPECT_LT(RetryTime(next), kNow + absl::Seconds(30)) << failures;
    }
  }
}

TEST(SettleTest, TakesAProviderForStrictOnceItsGraceIsOver) {
  // Whatever the attempt after the unanswered one came to.
  const absl::Time end = kNow + absl::Minutes(20);
  for (const OutcomeClass outcome :
       {OutcomeClass::kNotSent, OutcomeClass::kTransient,
        OutcomeClass::kUnknown, OutcomeClass::kClientRejected}) {
    const ConnectionRecord next = Settle(
        Unknown(kNow - kGrace), Failure(outcome), config::v1::ROTATION_GRACE);
    EXPECT_GE(RetryTime(next), end - absl::Seconds(10))
        << static_cast<int>(outcome);
    EXPECT_LT(RetryTime(next), end) << static_cast<int>(outcome);
  }
}

TEST(SettleTest, DoesNotComeBackOutsideTheGraceBecauseItWasAskedToWait) {
  const ConnectionRecord next =
      Settle(Unknown(kNow - absl::Seconds(10)),
             Failure(OutcomeClass::kTransient, absl::Minutes(5)),
             config::v1::ROTATION_GRACE);
  EXPECT_GE(RetryTime(next), kNow + absl::Minutes(20) - absl::Seconds(10));
}

// --- The grant is dead ---

TEST(SettleTest, AsksASecondTimeBeforeItBelievesADeadGrant) {
  const ConnectionRecord first =
      Settle(Active(), Failure(OutcomeClass::kGrantDead));
  EXPECT_EQ(first.grant_rejections(), 1);
  EXPECT_GT(RetryTime(first), kNow);
  EXPECT_LE(RetryTime(first), kNow + absl::Minutes(1));
}

TEST(SettleTest, TakesADeadGrantAfterAnUnknownOutcomeForALostRotation) {
  for (const Rotation rotation :
       {config::v1::ROTATION_STRICT, config::v1::ROTATION_GRACE,
        config::v1::ROTATION_UNKNOWN, config::v1::ROTATION_UNSPECIFIED}) {
    // The grace is over.
    const ConnectionRecord next = Settle(
        Unknown(kNow - kGrace), Failure(OutcomeClass::kGrantDead), rotation);
    EXPECT_EQ(next.connection().state(),
              Connection::STATE_REAUTHORIZATION_REQUIRED);
    EXPECT_EQ(next.connection().reason(), Connection::REASON_ROTATION_LOST);
    EXPECT_FALSE(next.connection().has_refresh_time());
  }
}

TEST(SettleTest, AsksTwiceWhereNoRotationCanBeLost) {
  for (const Rotation rotation :
       {config::v1::ROTATION_NEVER, config::v1::ROTATION_UNTIL_FIRST_USE,
        config::v1::ROTATION_GRACE}) {
    // The grace has hardly begun.
    const ConnectionRecord first =
        Settle(Unknown(kSent), Failure(OutcomeClass::kGrantDead), rotation);
    EXPECT_EQ(first.connection().state(), Connection::STATE_OUTCOME_UNKNOWN);
    const ConnectionRecord second =
        Settle(first, Failure(OutcomeClass::kGrantDead), rotation);
    EXPECT_EQ(second.connection().state(),
              Connection::STATE_REAUTHORIZATION_REQUIRED);
    EXPECT_EQ(second.connection().reason(), Connection::REASON_GRANT_REJECTED);
  }
}

TEST(SettleTest, CountsRejectionsAnewAfterASuccess) {
  const ConnectionRecord renewed = Settle(RejectedOnce(), Success());
  const ConnectionRecord next =
      Settle(renewed, Failure(OutcomeClass::kGrantDead));
  EXPECT_EQ(next.connection().state(), Connection::STATE_ACTIVE);
}

// --- A code ---

TEST(SettleCodeTest, MakesAConnection) {
  ConnectionRecord named;
  named.mutable_connection()->set_provider("google");
  named.mutable_connection()->set_subject("alice");
  TokenSet tokens = Tokens(kNow + absl::Hours(1));
  tokens.account.set_id("1234");
  tokens.account.set_email("alice@example.com");
  const ConnectionRecord next = Coded(named, tokens);
  const Connection& connection = next.connection();
  EXPECT_EQ(connection.provider(), "google");
  EXPECT_EQ(connection.subject(), "alice");
  EXPECT_EQ(connection.state(), Connection::STATE_ACTIVE);
  EXPECT_EQ(connection.generation(), 1);
  EXPECT_EQ(FromProto(connection.create_time()), kNow);
  EXPECT_EQ(FromProto(connection.expire_time()), kNow + absl::Hours(1));
  EXPECT_EQ(connection.account().id(), "1234");
  EXPECT_EQ(connection.account().email(), "alice@example.com");
  EXPECT_TRUE(connection.has_refresh_time());
  EXPECT_EQ(FromProto(next.obtain_time()), kSent);
}

TEST(SettleCodeTest, RenewsAConnectionInAnyState) {
  ConnectionRecord ended =
      Settle(RejectedOnce(), Failure(OutcomeClass::kGrantDead));
  for (const ConnectionRecord& current : {Active(), Unknown(kSent), ended}) {
    const ConnectionRecord next = Coded(current, Tokens(kNow + absl::Hours(1)));
    EXPECT_EQ(next.connection().state(), Connection::STATE_ACTIVE);
    EXPECT_EQ(next.connection().reason(), Connection::REASON_UNSPECIFIED);
    EXPECT_EQ(next.connection().generation(), 8);
    EXPECT_EQ(FromProto(next.connection().create_time()),
              kNow - absl::Hours(99));
    EXPECT_EQ(next.failures(), 0);
    EXPECT_EQ(next.grant_rejections(), 0);
    EXPECT_FALSE(next.has_retry_time());
    EXPECT_FALSE(next.has_unknown_since());
  }
}

TEST(SettleCodeTest, KeepsTheAccountWhenTheAnswerNamesNone) {
  const ConnectionRecord next = Coded(Active(), Tokens(kNow + absl::Hours(1)));
  EXPECT_EQ(next.connection().account().id(), "1234");
}

TEST(SettleCodeTest, IsNeverDueWithoutARefreshToken) {
  TokenSet tokens = Tokens(kNow + absl::Hours(1));
  tokens.refresh_token.reset();
  const ConnectionRecord next = Coded(Active(), tokens);
  EXPECT_FALSE(next.connection().has_refresh_time());
  EXPECT_TRUE(next.connection().has_expire_time());
}

// --- Backoff and life ---

TEST(BackoffTest, LiesBetweenHalfASecondAndFiveMinutes) {
  for (const int failures :
       {-1, 0, 1, 2, 5, 9, 17, 100, std::numeric_limits<int>::max()}) {
    for (const double jitter : {0.0, 0.1, 0.5, 0.999999}) {
      EXPECT_GE(Backoff(failures, jitter), absl::Milliseconds(500));
      EXPECT_LE(Backoff(failures, jitter), absl::Minutes(5));
    }
  }
}

TEST(BackoffTest, DoublesUntilItReachesItsBound) {
  for (int failures = 1; Backoff(failures + 1, 0.5) < absl::Seconds(150);
       ++failures) {
    ASSERT_LT(failures, 20);
    EXPECT_EQ(Backoff(failures + 1, 0.5), 2 * Backoff(failures, 0.5));
  }
  EXPECT_EQ(Backoff(1000, 0.5), absl::Seconds(150));
}

TEST(BackoffTest, JittersOverTheWholeWait) {
  EXPECT_EQ(Backoff(100, 0.25), absl::Seconds(75));
  EXPECT_EQ(Backoff(100, 0.5), absl::Seconds(150));
  EXPECT_EQ(Backoff(100, 0.0), absl::Milliseconds(500));
}

TEST(LifeOfTest, ReadsTheRecord) {
  const TokenLife life = LifeOf(Active(absl::Minutes(20)));
  EXPECT_EQ(life.obtain_time, kNow - absl::Minutes(40));
  EXPECT_EQ(life.expire_time, kNow + absl::Minutes(20));
}

TEST(LifeOfTest, HasNoEndWhenTheProviderGaveNone) {
  ConnectionRecord record = Active();
  record.mutable_connection()->clear_expire_time();
  EXPECT_EQ(LifeOf(record).expire_time, absl::InfiniteFuture());
}

// --- Where providers differ ---

TEST(SettleTest, KnowsWhetherTheTokensCameWithACode) {
  const ConnectionRecord coded = Coded({}, Tokens(kNow + absl::Hours(1)));
  EXPECT_TRUE(coded.from_code());
  for (const OutcomeClass failure : kEveryFailure) {
    EXPECT_TRUE(Settle(coded, Failure(failure)).from_code());
  }
  const ConnectionRecord refreshed = Settle(coded, Success());
  EXPECT_FALSE(refreshed.from_code());
  EXPECT_TRUE(Coded(refreshed, Tokens(kNow + absl::Hours(1))).from_code());
}

TEST(SettleTest, ExchangesAtOnceWhatACodeBrought) {
  config::v1::Provider settings = Settings(config::v1::ROTATION_NEVER);
  settings.mutable_refresh()->set_mode(config::v1::REFRESH_MODE_EXCHANGE);
  *settings.mutable_refresh()->mutable_least_age() = ToProto(absl::Hours(24));
  const absl::Time end = kSent + absl::Hours(60 * 24);
  for (const absl::Time expire_time :
       {kSent + absl::Hours(1), absl::InfiniteFuture()}) {
    const ConnectionRecord coded = Coded({}, Tokens(expire_time), settings);
    EXPECT_EQ(FromProto(coded.connection().refresh_time()), kNow);
    EXPECT_FALSE(coded.has_retry_time()) << "this exchange needs no age";
    // Then it goes on as by the clock.
    const ConnectionRecord next = Refreshed(coded, Tokens(end), settings);
    EXPECT_EQ(FromProto(next.connection().refresh_time()),
              DueTime({.obtain_time = kSent, .expire_time = end}, 0));
    EXPECT_EQ(FromProto(next.retry_time()), kSent + absl::Hours(24));
  }
  TokenSet without = Tokens(kSent + absl::Hours(1));
  without.refresh_token.reset();
  EXPECT_FALSE(Coded({}, without, settings).connection().has_refresh_time());
}

TEST(SettleTest, RefreshesNothingThatIsTooYoung) {
  config::v1::Provider settings = Settings(config::v1::ROTATION_NEVER);
  *settings.mutable_refresh()->mutable_least_age() = ToProto(absl::Hours(2));
  const absl::Time old_enough = kSent + absl::Hours(2);
  const struct {
    absl::Duration life;
    absl::Time due;
  } cases[] = {
      // 75 % of the life, but not too young.
      {absl::Hours(1), old_enough},
      {absl::Hours(8), kSent + absl::Hours(6)},
  };
  for (const auto& test : cases) {
    const TokenSet tokens = Tokens(kSent + test.life);
    for (const ConnectionRecord& next :
         {Coded(Active(), tokens, settings),
          Refreshed(Active(), Tokens(kSent + test.life), settings)}) {
      EXPECT_EQ(FromProto(next.connection().refresh_time()), test.due);
      EXPECT_EQ(RetryTime(next), old_enough);
    }
  }
  EXPECT_FALSE(Refreshed(Active(), Tokens(absl::InfiniteFuture()), settings)
                   .connection()
                   .has_refresh_time());
}

TEST(SettleTest, TellsWhichScopesOfACodeWereNotGranted) {
  config::v1::Provider settings = Settings(config::v1::ROTATION_STRICT);
  (*settings.mutable_scope_aliases())["email"] = "https://x.test/email";
  (*settings.mutable_scope_aliases())["offline"] = "";
  using Scopes = std::vector<std::string>;
  const struct {
    Scopes asked;
    Scopes granted;
    Scopes missing;
  } cases[] = {
      {{}, {}, {}},
      {{"a", "b"}, {"b", "a", "c"}, {}},
      {{"a", "b", "c"}, {"b"}, {"a", "c"}},
      // Under its other name, or its own; never listed.
      {{"email"}, {"https://x.test/email"}, {}},
      {{"email"}, {"email"}, {}},
      {{"email"}, {"a"}, {"email"}},
      {{"offline"}, {"a"}, {}},
  };
  // What was missing before counts no more.
  ConnectionRecord before = Active();
  before.mutable_connection()->add_scopes_not_granted("old");
  for (const auto& test : cases) {
    storage::v1::AuthorizationRecord authorization;
    authorization.mutable_scopes()->Assign(test.asked.begin(),
                                           test.asked.end());
    TokenSet tokens = Tokens(kNow + absl::Hours(1));
    tokens.scopes = test.granted;
    const auto next = Coded(before, tokens, settings, authorization);
    const auto& missing = next.connection().scopes_not_granted();
    EXPECT_EQ(Scopes(missing.begin(), missing.end()), test.missing);
  }
}

TEST(SettleTest, NotesWhichScopesARefreshTookAway) {
  config::v1::Provider settings = Settings(config::v1::ROTATION_STRICT);
  (*settings.mutable_scope_aliases())["email"] = "https://x.test/email";
  using Scopes = std::vector<std::string>;
  const struct {
    Scopes before;
    Scopes missing_before;
    Scopes granted;
    Scopes missing;
  } cases[] = {
      {{"a"}, {"m"}, {"a"}, {"m"}},
      {{"a", "b"}, {"m"}, {"b"}, {"m", "a"}},
      {{"a"}, {"m"}, {"a", "m"}, {}},
      // The same scope, now under its other name.
      {{"a", "email"}, {}, {"a", "https://x.test/email"}, {}},
  };
  for (const auto& test : cases) {
    ConnectionRecord current = Active();
    Connection& connection = *current.mutable_connection();
    connection.mutable_scopes()->Assign(test.before.begin(), test.before.end());
    connection.mutable_scopes_not_granted()->Assign(test.missing_before.begin(),
                                                    test.missing_before.end());
    TokenSet tokens = Tokens(kNow + absl::Hours(1));
    tokens.scopes = test.granted;
    const auto next = Refreshed(current, std::move(tokens), settings);
    const auto& missing = next.connection().scopes_not_granted();
    EXPECT_EQ(Scopes(missing.begin(), missing.end()), test.missing);
  }
}

TEST(SettleTest, KnowsWhenTheGrantOfACodeEnds) {
  constexpr absl::Time kNever = absl::InfiniteFuture();
  const absl::Time said = kSent + absl::Hours(24 * 90);
  const absl::Duration year = absl::Hours(24 * 365);
  const struct {
    absl::Duration lifetime;  // zero: not in the settings
    absl::Time said;          // by the answer
    absl::Time end;
  } cases[] = {
      {absl::ZeroDuration(), kNever, kNever},
      {absl::ZeroDuration(), said, said},
      {year, kNever, kSent + year},
      {year, said, said},
      {absl::Hours(1), said, kSent + absl::Hours(1)},
  };
  ConnectionRecord before = Active();
  *before.mutable_connection()->mutable_grant_expire_time() = ToProto(kNow);
  for (const auto& test : cases) {
    config::v1::Provider settings = Settings(config::v1::ROTATION_STRICT);
    if (test.lifetime != absl::ZeroDuration()) {
      *settings.mutable_absolute_lifetime() = ToProto(test.lifetime);
    }
    TokenSet tokens = Tokens(kNow + absl::Hours(1));
    tokens.grant_expire_time = test.said;
    const ConnectionRecord next = Coded(before, tokens, settings);
    EXPECT_EQ(next.connection().has_grant_expire_time(), test.end != kNever);
    if (test.end == kNever) continue;
    EXPECT_EQ(FromProto(next.connection().grant_expire_time()), test.end);
    // A refresh moves it only if its answer says so.
    const ConnectionRecord silent =
        Refreshed(next, Tokens(kNow + absl::Hours(1)), settings);
    EXPECT_EQ(FromProto(silent.connection().grant_expire_time()), test.end);
    TokenSet later = Tokens(kNow + absl::Hours(1));
    later.grant_expire_time = kNow + 2 * year;
    EXPECT_EQ(FromProto(Refreshed(next, std::move(later), settings)
                            .connection()
                            .grant_expire_time()),
              kNow + 2 * year);
  }
}

TEST(SettleTest, KeepsAttributesUntilTheyAreSaidAnew) {
  const config::v1::Provider settings = Settings(config::v1::ROTATION_STRICT);
  ConnectionRecord before = Active();
  auto& attributes = *before.mutable_connection()->mutable_attributes();
  attributes["user"] = "once";
  attributes["realm"] = "1";
  attributes["instance"] = "a";
  storage::v1::AuthorizationRecord authorization;
  (*authorization.mutable_attributes())["realm"] = "2";
  (*authorization.mutable_attributes())["instance"] = "b";
  TokenSet tokens = Tokens(kNow + absl::Hours(1));
  tokens.attributes = {{"instance", "c"}};
  const auto of = [](const ConnectionRecord& record) {
    return Attributes(record.connection().attributes().begin(),
                      record.connection().attributes().end());
  };
  const ConnectionRecord coded = Coded(before, tokens, settings, authorization);
  EXPECT_EQ(of(coded),
            (Attributes{{"user", "once"}, {"realm", "2"}, {"instance", "c"}}));
  TokenSet moved = Tokens(kNow + absl::Hours(1));
  moved.attributes = {{"instance", "d"}};
  EXPECT_EQ(of(Refreshed(coded, std::move(moved), settings)),
            (Attributes{{"user", "once"}, {"realm", "2"}, {"instance", "d"}}));
}

}  // namespace
}  // namespace tokenbroker
