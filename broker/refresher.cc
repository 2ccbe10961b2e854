// SPDX-License-Identifier: Apache-2.0
#include "broker/refresher.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/clock.h"
#include "broker/errors.h"
#include "broker/event_log.h"
#include "broker/failpoints.h"
#include "broker/keyring.h"
#include "broker/proto_time.h"
#include "broker/provider_directory.h"
#include "broker/random.h"
#include "broker/sealing.h"
#include "broker/settle.h"
#include "broker/status_macros.h"
#include "broker/token_store.h"

namespace tokenbroker {
namespace {

using storage::v1::AttemptRecord;
using storage::v1::ConnectionRecord;

bool HasEnded(const ConnectionRecord& record) {
  return record.connection().state() ==
         v1::Connection::STATE_REAUTHORIZATION_REQUIRED;
}

bool IsDue(const ConnectionRecord& record, absl::Time now) {
  return record.connection().has_refresh_time() &&
         FromProto(record.connection().refresh_time()) <= now;
}

// Whether the row itself lets its refresh token be spent now.
absl::Status MaySpend(const ConnectionRecord& record, absl::Time now) {
  const std::string& provider = record.connection().provider();
  if (!record.has_refresh_token()) {
    return ReauthorizationRequiredError(
        provider, v1::Connection::REASON_NO_REFRESH_TOKEN);
  }
  // Under another clock a time to wait for means nothing.
  if (IsOfThisClock(LifeOf(record), now) && record.has_retry_time() &&
      now < FromProto(record.retry_time())) {
    return ProviderUnavailableError(provider,
                                    FromProto(record.retry_time()) - now);
  }
  return absl::OkStatus();
}

// An answer that said success, of which no tokens could be read.
bool IsUnreadSuccess(const Outcome& outcome) {
  return outcome.outcome_class == OutcomeClass::kUnknown &&
         outcome.http_status / 100 == 2;
}

std::shared_ptr<const AccessToken> MakeAccessToken(
    const ConnectionRecord& record, Secret value) {
  const v1::Connection& connection = record.connection();
  auto token = std::make_shared<AccessToken>();
  token->value = std::move(value);
  token->token_type = record.token_type();
  token->life = LifeOf(record);
  token->refresh_time = connection.has_refresh_time()
                            ? FromProto(connection.refresh_time())
                            : absl::InfiniteFuture();
  token->scopes.assign(connection.scopes().begin(), connection.scopes().end());
  token->generation = connection.generation();
  return token;
}

// Another broker is at the same connection: who waits should look again soon.
absl::Status ForWaiter(absl::Status status, absl::string_view provider) {
  if (!absl::IsAborted(status)) return status;
  return ProviderUnavailableError(provider, absl::Seconds(1));
}

// What a caller is told of an outcome that brought no tokens.
absl::Status ErrorOf(const Outcome& outcome, const ConnectionRecord& next,
                     absl::Time now) {
  const std::string& provider = next.connection().provider();
  if (outcome.outcome_class == OutcomeClass::kSuccess) return absl::OkStatus();
  if (HasEnded(next)) {
    return ReauthorizationRequiredError(provider, next.connection().reason());
  }
  if (outcome.outcome_class == OutcomeClass::kClientRejected) {
    return ProviderMisconfiguredError(provider);
  }
  return ProviderUnavailableError(provider, FromProto(next.retry_time()) - now);
}

}  // namespace

Refresher::Refresher(const Seams& seams, Exchange& exchange, TokenCache& cache,
                     Pace& pace, Metrics& metrics)
    : seams_(seams),
      exchange_(exchange),
      cache_(cache),
      pace_(pace),
      metrics_(metrics) {}

bool Satisfies(const AccessToken& token, const Demand& demand, absl::Time now) {
  return IsFresh(token.life, now, demand.min_ttl) &&
         (demand.rejected.empty() ||
          !demand.rejected.Matches(token.value.Reveal()));
}

RefreshResult Refresher::Refresh(const ConnectionKey& key,
                                 const Demand& demand) {
  return RefreshFor(key, &demand);
}

RefreshResult Refresher::RefreshIfDue(const ConnectionKey& key) {
  return RefreshFor(key, nullptr);
}

std::optional<RefreshResult> Refresher::WithoutAsking(const ConnectionKey& key,
                                                      const Demand& demand) {
  Need need = Look(key, &demand);
  if (need.ask) return std::nullopt;
  return std::move(need.current);
}

Refresher::Need Refresher::Look(const ConnectionKey& key,
                                const Demand* demand) {
  Need need;
  need.current = Read(key, &need.record);
  if (!need.current.status.ok()) {
    need.ask = need.current.unread;
    return need;
  }
  const absl::Time now = seams_.clock.TimeNow();
  const bool wanted = demand != nullptr
                          ? !Satisfies(*need.current.token, *demand, now)
                          : IsDue(need.record, now);
  if (!wanted) return need;
  need.current.status = MaySpend(need.record, now);
  if (need.current.status.ok()) {
    need.current.status = pace_.Standing(key.provider, now);
  }
  need.ask = need.current.status.ok();
  return need;
}

RefreshResult Refresher::RefreshFor(const ConnectionKey& key,
                                    const Demand* demand) {
  // Still needed?
  auto [record, current, ask] = Look(key, demand);
  if (!ask) return current;

  // Whom and what to ask.
  const auto provider = seams_.providers.Find(key.provider);
  if (!provider.ok()) {
    current.status =
        absl::IsNotFound(provider.status())
            ? ProviderMisconfiguredError(key.provider)
            : ProviderUnavailableError(key.provider, absl::Seconds(5));
    return current;
  }
  if (record.has_unread_attempt()) {
    if (auto read = ReadAgain(record, **provider)) return *std::move(read);
    if (HasEnded(record)) return current;
  }
  const absl::StatusOr<Secret> refresh_token =
      OpenRefreshToken(seams_.keyring, record);
  if (!refresh_token.ok()) {
    current.status = FromStoreError(refresh_token.status(), key.provider);
    return current;
  }
  const absl::Time now = seams_.clock.TimeNow();
  const std::string id = seams_.random.Bytes(16);
  const absl::StatusOr<HttpRequest> request = (*provider)->RefreshRequest(
      *refresh_token, record.from_code(),
      {.now = now,
       .unique = id,
       .attributes = AttributesOf(record.connection())});
  if (!request.ok()) {
    current.status = CannotAsk(seams_.log, key.provider, request.status());
    return current;
  }
  current.status = pace_.MayAsk(key.provider, now);
  if (!current.status.ok()) return current;

  // Ask.
  AttemptRecord attempt;
  attempt.set_id(id);
  attempt.set_kind(AttemptRecord::KIND_REFRESH);
  attempt.set_provider(key.provider);
  attempt.set_subject(key.subject);
  attempt.set_generation(record.connection().generation());
  *attempt.mutable_start_time() = ToProto(now);
  const absl::StatusOr<Exchange::Result> result =
      exchange_.Run(*request, **provider,
                    RefreshContext(attempt, record.connection()), &attempt);
  if (!result.ok()) {
    current.status = ForWaiter(result.status(), key.provider);
    return current;
  }
  LogChange(seams_.log, key.provider,
            pace_.Learn(key.provider, result->outcome, seams_.clock.TimeNow()));
  return Conclude(attempt, record, (*provider)->settings(), result->outcome,
                  result->received_time);
}

// The kept answer of an earlier attempt, which this version may understand.
std::optional<RefreshResult> Refresher::ReadAgain(
    const ConnectionRecord& record, const Provider& provider) {
  const AttemptRecord& attempt = record.unread_attempt();
  const auto response = OpenResponse(seams_.keyring, attempt);
  if (!response.ok()) return std::nullopt;
  const Outcome outcome = ReadAnswer(
      provider, *response, RefreshContext(attempt, record.connection()));
  if (outcome.outcome_class != OutcomeClass::kSuccess ||
      !seams_.store.Begin(attempt).ok()) {
    return std::nullopt;
  }
  return Conclude(attempt, record, provider.settings(), outcome,
                  seams_.clock.TimeNow());
}

RefreshResult Refresher::Conclude(const AttemptRecord& attempt,
                                  const ConnectionRecord& current,
                                  const config::v1::Provider& settings,
                                  const Outcome& outcome,
                                  absl::Time received_time) {
  const ConnectionKey key{attempt.provider(), attempt.subject()};
  const SubjectParts parts = SplitSubject(key.subject);
  const absl::Time now = seams_.clock.TimeNow();

  // Settle, seal, commit.
  ConnectionRecord next =
      SettleRefresh(current, outcome,
                    SettleContext{.now = now,
                                  .sent_time = FromProto(attempt.start_time()),
                                  .provider = settings,
                                  .jitter = UnitRandom(seams_.random)});
  if (IsUnreadSuccess(outcome) && attempt.has_response()) {
    *next.mutable_unread_attempt() = attempt;
  }
  absl::Status status = SealNext(current, outcome, &next);
  TOKENBROKER_FAILPOINT("refresh.before_commit");
  if (status.ok()) status = seams_.store.Commit(attempt, next);
  TOKENBROKER_FAILPOINT("refresh.after_commit");
  Count(current, next, outcome, seams_.clock.TimeNow() - received_time);
  seams_.log.Write(
      outcome.outcome_class == OutcomeClass::kSuccess && status.ok()
          ? EventLog::Level::kInfo
          : EventLog::Level::kWarning,
      "refresh",
      {{"provider", key.provider},
       {"subject", parts.subject},
       {"token_name", parts.token_name},
       {"generation", absl::StrCat(next.connection().generation())},
       {"outcome", OutcomeName(outcome.outcome_class)},
       {"provider_error", outcome.provider_error},
       {"detail", outcome.detail},
       {"state", v1::Connection::State_Name(next.connection().state())},
       {"stored", status.ok() ? "yes" : std::string(status.message())}});
  RefreshResult result{.exchanged = true};
  if (!status.ok()) {
    // Changed by another broker, or the storage failed: what the provider
    // answered is not served. A kept answer is settled by recovery.
    result.status =
        ForWaiter(FromStoreError(status, key.provider), key.provider);
    return result;
  }

  // Publish.
  result.status = ErrorOf(outcome, next, now);
  absl::StatusOr<Secret> value = OpenAccessToken(seams_.keyring, next);
  if (HasEnded(next) || !value.ok()) {
    cache_.Erase(key);
    return result;
  }
  result.token = MakeAccessToken(next, *std::move(value));
  cache_.Publish(key, result.token);
  return result;
}

RefreshResult Refresher::Load(const ConnectionKey& key) {
  const TokenCache::Ticket ticket = cache_.TakeTicket(key);
  ConnectionRecord record;
  RefreshResult result = Read(key, &record);
  if (result.status.ok()) cache_.Insert(key, ticket, result.token);
  return result;
}

RefreshResult Refresher::Read(const ConnectionKey& key,
                              ConnectionRecord* record) {
  absl::StatusOr<ConnectionRecord> stored = seams_.store.Get(key);
  RefreshResult result;
  if (!stored.ok()) {
    result.status = FromStoreError(stored.status(), key.provider);
    return result;
  }
  *record = *std::move(stored);
  if (HasEnded(*record)) {
    result.status = ReauthorizationRequiredError(key.provider,
                                                 record->connection().reason());
    result.unread = record->has_unread_attempt();
    return result;
  }
  absl::StatusOr<Secret> value = OpenAccessToken(seams_.keyring, *record);
  if (!value.ok()) {
    const SubjectParts parts = SplitSubject(key.subject);
    seams_.log.Write(EventLog::Level::kError, "record_damaged",
                     {{"provider", key.provider},
                      {"subject", parts.subject},
                      {"token_name", parts.token_name},
                      {"detail", value.status().message()}});
    result.status = FromStoreError(value.status(), key.provider);
    return result;
  }
  result.token = MakeAccessToken(*record, *std::move(value));
  return result;
}

absl::Status Refresher::SealNext(const ConnectionRecord& current,
                                 const Outcome& outcome,
                                 ConnectionRecord* next) {
  if (outcome.outcome_class != OutcomeClass::kSuccess) return absl::OkStatus();
  const TokenSet& tokens = *outcome.tokens;
  absl::StatusOr<Secret> old = OpenRefreshToken(seams_.keyring, current);
  if (tokens.refresh_token.has_value()) {
    const bool same = old.ok() && tokens.refresh_token->Matches(old->Reveal());
    metrics_.RefreshTokenSeen(
        current.connection().provider(),
        same ? RefreshTokenSeen::kSame : RefreshTokenSeen::kNew);
    SealTokens(seams_.keyring, tokens.access_token, tokens.refresh_token, next);
    return absl::OkStatus();
  }
  // The old one stays (RFC 6749 6), resealed under the new generation.
  if (!old.ok()) return old.status();
  metrics_.RefreshTokenSeen(current.connection().provider(),
                            RefreshTokenSeen::kNone);
  SealTokens(seams_.keyring, tokens.access_token, *std::move(old), next);
  return absl::OkStatus();
}

void Refresher::Count(const ConnectionRecord& current,
                      const ConnectionRecord& next, const Outcome& outcome,
                      absl::Duration unsafe_window) {
  const std::string& provider = current.connection().provider();
  const bool success = outcome.outcome_class == OutcomeClass::kSuccess;
  metrics_.RefreshEnded(provider, outcome.outcome_class, unsafe_window);
  if (success && current.connection().has_refresh_time() &&
      LifeOf(current).expire_time <= seams_.clock.TimeNow()) {
    metrics_.RefreshedLate(provider);
  }
  if (success && current.has_unknown_since()) {
    metrics_.UnknownSurvived(provider);
  }
  if (HasEnded(next) && !HasEnded(current)) {
    metrics_.ConnectionEnded(provider, next.connection().reason());
  }
}

}  // namespace tokenbroker
