// SPDX-License-Identifier: Apache-2.0
#include "broker/settle.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "broker/proto_time.h"

namespace tokenbroker {
namespace {

using storage::v1::ConnectionRecord;

// A provider may call a living grant dead while its own replicas disagree, so
// it is asked twice, with this pause.
constexpr absl::Duration kConfirmation = absl::Seconds(5);
// An operator has to mend our client; asking in between is a probe.
constexpr absl::Duration kClientRejectedPause = absl::Minutes(1);
// How far before the end of the old access token a strict provider is asked
// again after an unknown outcome.
constexpr absl::Duration kLateMargin = absl::Seconds(10);

// When a grant last refreshed at `obtain_time` is over for idling.
absl::Time IdleEnd(absl::Time obtain_time,
                   const config::v1::Provider& provider) {
  return provider.has_idle_lifetime()
             ? obtain_time + FromProto(provider.idle_lifetime())
             : absl::InfiniteFuture();
}

// When the clock refreshes tokens of this life; InfiniteFuture: it does not.
absl::Time NextDue(const TokenLife& life, const SettleContext& context) {
  const config::v1::Refresh& refresh = context.provider.refresh();
  switch (refresh.mode()) {
    case config::v1::REFRESH_MODE_ON_DEMAND:
      return absl::InfiniteFuture();
    case config::v1::REFRESH_MODE_IDLE_TOUCH:
      return life.obtain_time +
             FromProto(refresh.idle_touch()) * (1 - 0.15 * context.jitter);
    default:
      // A grant may end before its access token does, or while that never ends.
      return DueTime(
          {.obtain_time = life.obtain_time,
           .expire_time = std::min(
               life.expire_time, IdleEnd(life.obtain_time, context.provider))},
          context.jitter);
  }
}

// Before this the provider refreshes no token; InfinitePast: it always does.
absl::Time LeastAge(const ConnectionRecord& next,
                    const SettleContext& context) {
  const config::v1::Refresh& refresh = context.provider.refresh();
  if (!refresh.has_least_age()) return absl::InfinitePast();
  return LifeOf(next).obtain_time + FromProto(refresh.least_age());
}

void SetAttributes(const Attributes& attributes, v1::Connection* connection) {
  for (const auto& [name, value] : attributes) {
    (*connection->mutable_attributes())[name] = value;
  }
}

// Those of `wanted` that are not among `granted`, where the provider may list
// them under other names, or not at all.
std::vector<std::string> Missing(const std::vector<std::string>& wanted,
                                 const std::vector<std::string>& granted,
                                 const config::v1::Provider& provider) {
  const auto is_granted = [&granted](const std::string& scope) {
    return std::find(granted.begin(), granted.end(), scope) != granted.end();
  };
  std::vector<std::string> missing;
  for (const std::string& scope : wanted) {
    const auto alias = provider.scope_aliases().find(scope);
    const bool has_alias = alias != provider.scope_aliases().end();
    if (is_granted(scope) ||
        (has_alias && (alias->second.empty() || is_granted(alias->second)))) {
      continue;
    }
    missing.push_back(scope);
  }
  return missing;
}

void SetGrantEnd(absl::Time time, v1::Connection* connection) {
  if (time == absl::InfiniteFuture()) {
    connection->clear_grant_expire_time();
  } else {
    *connection->mutable_grant_expire_time() = ToProto(time);
  }
}

void SetScopesNotGranted(const std::vector<std::string>& scopes,
                         v1::Connection* connection) {
  connection->mutable_scopes_not_granted()->Assign(scopes.begin(),
                                                   scopes.end());
}

void TakeTokens(const TokenSet& tokens, const SettleContext& context,
                ConnectionRecord* next) {
  v1::Connection& connection = *next->mutable_connection();
  connection.set_generation(connection.generation() + 1);
  connection.set_state(v1::Connection::STATE_ACTIVE);
  connection.clear_reason();
  connection.mutable_scopes()->Assign(tokens.scopes.begin(),
                                      tokens.scopes.end());
  next->set_token_type(tokens.token_type);
  *next->mutable_obtain_time() = ToProto(context.sent_time);
  connection.clear_expire_time();
  connection.clear_refresh_time();
  if (tokens.expire_time != absl::InfiniteFuture()) {
    *connection.mutable_expire_time() = ToProto(tokens.expire_time);
  }
  SetAttributes(tokens.attributes, &connection);
  next->clear_from_code();
  next->clear_failures();
  next->clear_retry_time();
  const absl::Time least_age = LeastAge(*next, context);
  if (least_age != absl::InfinitePast()) {
    *next->mutable_retry_time() = ToProto(least_age);
  }
  const absl::Time due = NextDue(LifeOf(*next), context);
  if (due != absl::InfiniteFuture()) {
    *connection.mutable_refresh_time() = ToProto(std::max(due, least_age));
  }
  next->clear_grant_rejections();
  next->clear_unknown_since();
  next->clear_unread_attempt();
}

// A connection that the clock leaves alone is not put into its hands, unless a
// retry must not wait for a caller.
void RetryAt(absl::Time time, ConnectionRecord* next) {
  *next->mutable_retry_time() = ToProto(time);
  v1::Connection& connection = *next->mutable_connection();
  if (connection.has_refresh_time() || next->has_unknown_since()) {
    *connection.mutable_refresh_time() = ToProto(time);
  }
}

void End(v1::Connection::Reason reason, ConnectionRecord* next) {
  v1::Connection& connection = *next->mutable_connection();
  connection.set_state(v1::Connection::STATE_REAUTHORIZATION_REQUIRED);
  connection.set_reason(reason);
  connection.clear_refresh_time();
  next->clear_retry_time();
}

// Backs off, but while the access token lives, not beyond a quarter of what is
// left.
absl::Time Soon(const ConnectionRecord& next, const SettleContext& context) {
  absl::Duration wait = Backoff(next.failures(), context.jitter);
  const TokenLife life = LifeOf(next);
  if (IsAlive(life, context.now)) {
    wait = std::min(wait, std::max(absl::Milliseconds(500),
                                   (life.expire_time - context.now) / 4));
  }
  return context.now + wait;
}

// Whether an answer that never came can cost the grant.
bool MayLoseRotation(const config::v1::Provider& provider) {
  return provider.rotation() != config::v1::ROTATION_NEVER &&
         provider.rotation() != config::v1::ROTATION_UNTIL_FIRST_USE;
}

// Whether a refusal means that an earlier attempt without an answer spent the
// refresh token. In the window of grace it does not: a spent one still works.
bool IsRotationLost(const ConnectionRecord& next,
                    const SettleContext& context) {
  if (!next.has_unknown_since() || !MayLoseRotation(context.provider)) {
    return false;
  }
  return context.provider.rotation() != config::v1::ROTATION_GRACE ||
         context.now >= FromProto(next.unknown_since()) +
                            FromProto(context.provider.rotation_grace());
}

// The first time, where the old refresh token still works, nothing is won by
// waiting.
bool MayHurry(const ConnectionRecord& current, const SettleContext& context) {
  return current.failures() == 0 &&
         (!MayLoseRotation(context.provider) ||
          context.provider.rotation() == config::v1::ROTATION_GRACE);
}

// When the refresh token may be presented once more: not before `earliest`,
// and if an attempt without an answer may have spent it, as the provider's
// rotation class allows.
absl::Time NextTry(const ConnectionRecord& next, absl::Time soon,
                   absl::Time earliest, const SettleContext& context) {
  soon = std::max(soon, earliest);
  if (!next.has_unknown_since() || !MayLoseRotation(context.provider)) {
    return soon;
  }
  if (context.provider.rotation() == config::v1::ROTATION_GRACE) {
    // The worth of a retry falls to zero when the window closes.
    const absl::Time closing =
        FromProto(next.unknown_since()) +
        FromProto(context.provider.rotation_grace()) * 0.8;
    if (context.now < closing && earliest <= closing) {
      return std::min(soon, closing);
    }
  }
  // Strict: presenting a spent token may revoke the access token that still
  // serves, so let that one live to near its end first.
  const TokenLife life = LifeOf(next);
  if (life.expire_time == absl::InfiniteFuture() ||
      !IsAlive(life, context.now)) {
    return soon;
  }
  const absl::Duration margin =
      std::min(kLateMargin, (life.expire_time - life.obtain_time) / 10);
  return std::max(soon, life.expire_time - margin);
}

}  // namespace

ConnectionRecord SettleRefresh(const ConnectionRecord& current,
                               const Outcome& outcome,
                               const SettleContext& context) {
  ConnectionRecord next = current;
  v1::Connection& connection = *next.mutable_connection();
  if (outcome.outcome_class == OutcomeClass::kSuccess) {
    const TokenSet& tokens = *outcome.tokens;
    std::vector<std::string> wanted(
        current.connection().scopes_not_granted().begin(),
        current.connection().scopes_not_granted().end());
    wanted.insert(wanted.end(), current.connection().scopes().begin(),
                  current.connection().scopes().end());
    SetScopesNotGranted(Missing(wanted, tokens.scopes, context.provider),
                        &connection);
    if (tokens.grant_expire_time != absl::InfiniteFuture()) {
      SetGrantEnd(tokens.grant_expire_time, &connection);
    }
    TakeTokens(tokens, context, &next);
    return next;
  }
  next.set_failures(current.failures() + 1);
  const absl::Time allowed = context.now + outcome.retry_after;
  const absl::Time mended = context.now + kClientRejectedPause;
  switch (outcome.outcome_class) {
    case OutcomeClass::kSuccess:
    case OutcomeClass::kNotSent:
    case OutcomeClass::kTransient:
      RetryAt(NextTry(next, Soon(next, context), allowed, context), &next);
      break;
    case OutcomeClass::kClientRejected:
      RetryAt(NextTry(next, mended, mended, context), &next);
      break;
    case OutcomeClass::kUnknown:
      if (!next.has_unknown_since()) {
        *next.mutable_unknown_since() = ToProto(context.sent_time);
      }
      connection.set_state(v1::Connection::STATE_OUTCOME_UNKNOWN);
      connection.set_reason(v1::Connection::REASON_NO_ANSWER);
      RetryAt(NextTry(next,
                      MayHurry(current, context) ? context.now
                                                 : Soon(next, context),
                      allowed, context),
              &next);
      break;
    case OutcomeClass::kGrantDead:
      // An earlier attempt without an answer explains the refusal.
      if (IsRotationLost(next, context)) {
        End(v1::Connection::REASON_ROTATION_LOST, &next);
        break;
      }
      next.set_grant_rejections(current.grant_rejections() + 1);
      if (next.grant_rejections() >= 2) {
        End(v1::Connection::REASON_GRANT_REJECTED, &next);
      } else {
        RetryAt(context.now + kConfirmation, &next);
      }
      break;
  }
  return next;
}

ConnectionRecord SettleCode(
    const ConnectionRecord& current, const TokenSet& tokens,
    const storage::v1::AuthorizationRecord& authorization,
    const SettleContext& context) {
  ConnectionRecord next = current;
  v1::Connection& connection = *next.mutable_connection();
  if (!connection.has_create_time()) {
    *connection.mutable_create_time() = ToProto(context.now);
  }
  if (!tokens.account.id().empty()) {
    *connection.mutable_account() = tokens.account;
  }
  SetScopesNotGranted(
      Missing({authorization.scopes().begin(), authorization.scopes().end()},
              tokens.scopes, context.provider),
      &connection);
  absl::Time grant_end = tokens.grant_expire_time;
  if (context.provider.has_absolute_lifetime()) {
    grant_end = std::min(
        grant_end,
        context.sent_time + FromProto(context.provider.absolute_lifetime()));
  }
  SetGrantEnd(grant_end, &connection);
  SetAttributes(
      {authorization.attributes().begin(), authorization.attributes().end()},
      &connection);
  TakeTokens(tokens, context, &next);
  next.set_from_code(true);
  if (context.provider.refresh().mode() == config::v1::REFRESH_MODE_EXCHANGE) {
    // What a code brings is short-lived, and no provider wants it older.
    *connection.mutable_refresh_time() = ToProto(context.now);
    next.clear_retry_time();
  }
  // Without a refresh token nothing can be done by the clock.
  if (!tokens.refresh_token.has_value()) connection.clear_refresh_time();
  return next;
}

absl::Duration Backoff(int failures, double jitter) {
  const int doublings = std::clamp(failures - 1, 0, 16);
  const absl::Duration most =
      std::min(absl::Minutes(5), absl::Seconds(2) * (1 << doublings));
  return std::max(absl::Milliseconds(500), most * jitter);
}

TokenLife LifeOf(const ConnectionRecord& record) {
  TokenLife life{.obtain_time = FromProto(record.obtain_time())};
  if (record.connection().has_expire_time()) {
    life.expire_time = FromProto(record.connection().expire_time());
  }
  return life;
}

}  // namespace tokenbroker
