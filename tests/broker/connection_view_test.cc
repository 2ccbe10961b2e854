// SPDX-License-Identifier: Apache-2.0
#include "broker/connection_view.h"

#include "absl/time/time.h"
#include "broker/connection_key.h"
#include "broker/proto_time.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

using storage::v1::ConnectionRecord;
using v1::Connection;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

// Active, with both tokens, for `left` more.
ConnectionRecord Record(absl::Duration left = absl::Minutes(30)) {
  ConnectionRecord record;
  Connection& connection = *record.mutable_connection();
  connection.set_provider("google");
  connection.set_subject("alice");
  connection.set_state(Connection::STATE_ACTIVE);
  connection.add_scopes("openid");
  connection.mutable_account()->set_id("1234");
  *connection.mutable_create_time() = ToProto(kNow - absl::Hours(24));
  *connection.mutable_expire_time() = ToProto(kNow + left);
  *connection.mutable_refresh_time() = ToProto(kNow + left / 2);
  connection.set_generation(7);
  *record.mutable_obtain_time() = ToProto(kNow - absl::Minutes(30));
  record.mutable_access_token()->set_ciphertext("sealed at");
  record.mutable_refresh_token()->set_ciphertext("sealed rt");
  return record;
}

TEST(ConnectionViewTest, ShowsTheRowAsItIs) {
  for (const auto state :
       {Connection::STATE_ACTIVE, Connection::STATE_OUTCOME_UNKNOWN,
        Connection::STATE_REAUTHORIZATION_REQUIRED}) {
    ConnectionRecord record = Record();
    record.mutable_connection()->set_state(state);
    EXPECT_EQ(ViewOf(record, {}, kNow).SerializeAsString(),
              record.connection().SerializeAsString());
  }
}

TEST(ConnectionViewTest, TellsSubjectAndTokenNameApart) {
  ConnectionRecord named = Record();
  named.mutable_connection()->set_subject(
      NamedKey("google", "alice", "user").subject);
  for (const bool damaged : {false, true}) {
    if (damaged) {
      named.mutable_connection()->set_reason(Connection::REASON_DAMAGED);
    }
    const Connection view = ViewOf(named, {}, kNow);
    EXPECT_EQ(view.subject(), "alice");
    EXPECT_EQ(view.token_name(), "user");
  }
  EXPECT_EQ(ViewOf(Record(), {}, kNow).token_name(), "");
}

TEST(ConnectionViewTest, StaysActiveWhenTheTokenEndedButCanBeRenewed) {
  EXPECT_EQ(ViewOf(Record(-absl::Hours(1)), {}, kNow).state(),
            Connection::STATE_ACTIVE);
}

TEST(ConnectionViewTest, IsOverWhileNobodyKnowsWhenTheOnlyTokenEnds) {
  // Obtained by a run whose clock was ahead.
  ConnectionRecord record = Record(absl::Hours(3));
  *record.mutable_obtain_time() = ToProto(kNow + absl::Hours(2));
  EXPECT_EQ(ViewOf(record, {}, kNow).state(), Connection::STATE_ACTIVE);
  record.clear_refresh_token();
  EXPECT_EQ(ViewOf(record, {}, kNow).state(),
            Connection::STATE_REAUTHORIZATION_REQUIRED);
  record.mutable_connection()->clear_expire_time();
  EXPECT_EQ(ViewOf(record, {}, kNow).state(), Connection::STATE_ACTIVE);
}

TEST(ConnectionViewTest, IsOverWhenTheTokenEndedAndCannotBeRenewed) {
  ConnectionRecord record = Record(absl::ZeroDuration());
  record.clear_refresh_token();
  record.mutable_connection()->clear_refresh_time();
  // Neither a suspended nor a removed provider could renew it any more.
  for (const ProviderStanding standing :
       {ProviderStanding{}, ProviderStanding{.configured = false},
        ProviderStanding{.suspended = true}}) {
    const Connection view = ViewOf(record, standing, kNow);
    EXPECT_EQ(view.state(), Connection::STATE_REAUTHORIZATION_REQUIRED);
    EXPECT_EQ(view.reason(), Connection::REASON_NO_REFRESH_TOKEN);
    EXPECT_FALSE(view.has_refresh_time());
  }
}

TEST(ConnectionViewTest, IsActiveWithoutARefreshTokenWhileTheTokenLives) {
  ConnectionRecord record = Record(absl::Seconds(1));
  record.clear_refresh_token();
  EXPECT_EQ(ViewOf(record, {}, kNow).state(), Connection::STATE_ACTIVE);
  // The provider gave no life: it lives.
  record.mutable_connection()->clear_expire_time();
  EXPECT_EQ(ViewOf(record, {}, kNow + absl::Hours(99999)).state(),
            Connection::STATE_ACTIVE);
}

TEST(ConnectionViewTest, IsSuspendedWhileTheProviderRefusesOurClient) {
  const Connection view = ViewOf(Record(), {.suspended = true}, kNow);
  EXPECT_EQ(view.state(), Connection::STATE_SUSPENDED);
  EXPECT_EQ(view.reason(), Connection::REASON_CLIENT_REJECTED);
}

TEST(ConnectionViewTest, IsSuspendedWhileTheProviderIsNotConfigured) {
  for (const bool suspended : {false, true}) {
    const Connection view =
        ViewOf(Record(), {.configured = false, .suspended = suspended}, kNow);
    EXPECT_EQ(view.state(), Connection::STATE_SUSPENDED);
    EXPECT_EQ(view.reason(), Connection::REASON_PROVIDER_NOT_CONFIGURED);
    EXPECT_FALSE(view.has_refresh_time()) << "nobody will refresh it";
  }
}

TEST(ConnectionViewTest, OverlaysAnUnknownOutcomeToo) {
  ConnectionRecord record = Record();
  record.mutable_connection()->set_state(Connection::STATE_OUTCOME_UNKNOWN);
  record.mutable_connection()->set_reason(Connection::REASON_NO_ANSWER);
  const Connection view = ViewOf(record, {.suspended = true}, kNow);
  EXPECT_EQ(view.state(), Connection::STATE_SUSPENDED);
  EXPECT_EQ(view.reason(), Connection::REASON_CLIENT_REJECTED);
}

TEST(ConnectionViewTest, KeepsAnEndedConnectionsReason) {
  ConnectionRecord record = Record();
  record.mutable_connection()->set_state(
      Connection::STATE_REAUTHORIZATION_REQUIRED);
  record.mutable_connection()->set_reason(Connection::REASON_ROTATION_LOST);
  for (const ProviderStanding standing :
       {ProviderStanding{.configured = false},
        ProviderStanding{.suspended = true}}) {
    const Connection view = ViewOf(record, standing, kNow);
    EXPECT_EQ(view.state(), Connection::STATE_REAUTHORIZATION_REQUIRED);
    EXPECT_EQ(view.reason(), Connection::REASON_ROTATION_LOST);
  }
}

TEST(ConnectionViewTest, ChangesStateAndReasonAndKeepsTheRest) {
  const ConnectionRecord record = Record();
  Connection view = ViewOf(record, {.suspended = true}, kNow);
  view.set_state(record.connection().state());
  view.set_reason(record.connection().reason());
  EXPECT_EQ(view.SerializeAsString(), record.connection().SerializeAsString());
}

}  // namespace
}  // namespace tokenbroker
