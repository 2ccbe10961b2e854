// SPDX-License-Identifier: Apache-2.0
#include "broker/complete_authorization.h"

#include <string>
#include <utility>

#include "broker/clock.h"
#include "broker/connection_view.h"
#include "broker/errors.h"
#include "broker/event_log.h"
#include "broker/failpoints.h"
#include "broker/keyring.h"
#include "broker/metrics.h"
#include "broker/oauth_error.h"
#include "broker/proto_time.h"
#include "broker/provider_directory.h"
#include "broker/random.h"
#include "broker/sealing.h"
#include "broker/settle.h"
#include "broker/token_store.h"

namespace tokenbroker {

using storage::v1::AttemptRecord;
using storage::v1::AuthorizationRecord;
using storage::v1::ConnectionRecord;

struct CompleteAuthorization::Call {
  std::string caller;
  std::string state_hash;
  Secret code;
  std::string iss;
  std::string error;
  Done done;
  // Known once the authorization is taken.
  AuthorizationRecord authorization;
  std::shared_ptr<const Provider> provider;
};

CompleteAuthorization::CompleteAuthorization(const Seams& seams,
                                             Exchange& exchange,
                                             TokenCache& cache, Pace& pace,
                                             ConnectionFlights& flights,
                                             Workers& workers)
    : seams_(seams),
      exchange_(exchange),
      cache_(cache),
      pace_(pace),
      flights_(flights),
      workers_(workers) {}

void CompleteAuthorization::Complete(
    absl::string_view caller, const v1::CompleteAuthorizationRequest& request,
    Done done) {
  auto call = std::make_shared<Call>();
  call->caller = std::string(caller);
  call->state_hash = StateHash(seams_.keyring, request.state());
  call->code = Secret(request.code());
  call->iss = request.iss();
  call->error = request.error();
  call->done = std::move(done);
  const absl::Status accepted =
      workers_.Run(Workers::kNoProvider, Workers::Lane::kCaller,
                   [this, call] { Take(call); });
  if (!accepted.ok()) call->done(accepted);
}

// Whatever comes after the taking, this authorization is spent: a wrong caller,
// issuer or code gets no second try.
void CompleteAuthorization::Take(const std::shared_ptr<Call>& call) {
  if (!seams_.store.Writable().ok()) {
    return call->done(StorageUnavailableError());
  }
  TOKENBROKER_FAILPOINT("complete.before_take");
  absl::StatusOr<AuthorizationRecord> taken =
      seams_.store.Take(call->state_hash);
  TOKENBROKER_FAILPOINT("complete.after_take");
  if (absl::IsNotFound(taken.status())) {
    return call->done(AuthorizationNotFoundError());
  }
  if (!taken.ok()) return call->done(FromStoreError(taken.status(), ""));
  call->authorization = *std::move(taken);
  const std::string& name = call->authorization.provider();

  if (call->authorization.caller() != call->caller) {
    seams_.log.Write(EventLog::Level::kWarning, "foreign_state",
                     {{"caller", call->caller},
                      {"started_by", call->authorization.caller()},
                      {"provider", name}});
    return call->done(AuthorizationNotFoundError());
  }
  if (seams_.clock.TimeNow() >= FromProto(call->authorization.expire_time())) {
    return call->done(AuthorizationExpiredError(name));
  }
  // Not beside a refresh of the connection it renews.
  RunAlone(
      flights_, workers_, {name, call->authorization.subject()},
      [this, call] { return CheckAndSpend(*call); }, call->done);
}

CompleteAuthorization::Answer CompleteAuthorization::CheckAndSpend(
    const Call& call) {
  const std::string& name = call.authorization.provider();
  const auto provider = seams_.providers.Find(name);
  if (!provider.ok()) {
    return ProviderUnavailableError(name, absl::ZeroDuration());
  }
  const absl::Status checked = CheckCallback(call, (*provider)->settings());
  if (!checked.ok()) {
    seams_.log.Write(EventLog::Level::kWarning, "authorization_refused",
                     {{"caller", call.caller},
                      {"provider", name},
                      {"subject", call.authorization.subject()},
                      {"reason", ReasonName(ReasonOf(checked))}});
    return checked;
  }
  return SpendCode(call, **provider);
}

absl::Status CompleteAuthorization::CheckCallback(
    const Call& call, const config::v1::Provider& settings) const {
  // RFC 9207 2.4: compared as strings, and required where announced.
  const bool wrong = !call.iss.empty() && !settings.issuer().empty() &&
                     call.iss != settings.issuer();
  const bool missing = call.iss.empty() && settings.require_iss();
  if (wrong || missing) return IssuerMismatchError(settings.name());
  if (!call.error.empty()) {
    return AuthorizationDeniedError(settings.name(),
                                    RegisteredErrorOrOther(call.error));
  }
  return absl::OkStatus();
}

CompleteAuthorization::Answer CompleteAuthorization::SpendCode(
    const Call& call, const Provider& provider) {
  const AuthorizationRecord& authorization = call.authorization;
  absl::StatusOr<storage::v1::AuthorizationSecrets> secrets =
      OpenAuthorizationSecrets(seams_.keyring, call.state_hash,
                               authorization.secrets());
  if (!secrets.ok()) {
    return FromStoreError(secrets.status(), authorization.provider());
  }
  const absl::Time now = seams_.clock.TimeNow();
  AttemptRecord attempt;
  attempt.set_id(call.state_hash);
  attempt.set_kind(AttemptRecord::KIND_CODE);
  attempt.set_provider(authorization.provider());
  attempt.set_subject(authorization.subject());
  *attempt.mutable_start_time() = ToProto(now);
  *attempt.mutable_authorization() = authorization;

  const HttpRequest request = provider.CodeRequest(CodeGrant{
      .code = call.code.Clone(),
      .redirect_uri = authorization.redirect_uri(),
      .code_verifier = Secret::Take(secrets->mutable_code_verifier())});
  const absl::StatusOr<Exchange::Result> result =
      exchange_.Run(request, provider,
                    ReadContext{.sent_time = now,
                                .scopes = {authorization.scopes().begin(),
                                           authorization.scopes().end()},
                                .code_exchange = true,
                                .nonce = secrets->nonce()},
                    &attempt);
  if (!result.ok()) return result.status();
  LogChange(
      seams_.log, attempt.provider(),
      pace_.Learn(attempt.provider(), result->outcome, seams_.clock.TimeNow()));
  return Conclude(attempt, provider.settings(), result->outcome);
}

CompleteAuthorization::Answer CompleteAuthorization::Conclude(
    const AttemptRecord& attempt, const config::v1::Provider& settings,
    const Outcome& outcome) {
  const ConnectionKey key{attempt.provider(), attempt.subject()};
  const absl::Time now = seams_.clock.TimeNow();
  seams_.log.Write(outcome.outcome_class == OutcomeClass::kSuccess
                       ? EventLog::Level::kInfo
                       : EventLog::Level::kWarning,
                   "authorization_completed",
                   {{"caller", attempt.authorization().caller()},
                    {"provider", key.provider},
                    {"subject", key.subject},
                    {"outcome", OutcomeName(outcome.outcome_class)},
                    {"provider_error", outcome.provider_error},
                    {"detail", outcome.detail}});
  if (outcome.outcome_class != OutcomeClass::kSuccess) {
    // Best effort: an attempt left open is abandoned by recovery.
    seams_.store.Abandon(attempt).IgnoreError();
  }
  switch (outcome.outcome_class) {
    case OutcomeClass::kSuccess:
      break;
    case OutcomeClass::kGrantDead:
      return CodeRejectedError(key.provider, outcome.provider_error);
    case OutcomeClass::kClientRejected:
      return ProviderMisconfiguredError(key.provider);
    case OutcomeClass::kUnknown:
      if (outcome.http_status / 100 == 2) {
        return ProviderResponseInvalidError(key.provider, outcome.detail);
      }
      return ProviderUnavailableError(key.provider, absl::ZeroDuration());
    case OutcomeClass::kTransient:
      // A refusal that blames neither the client nor the hour blames the code.
      if (outcome.http_status / 100 == 4 && outcome.http_status != 429) {
        return CodeRejectedError(key.provider, outcome.provider_error);
      }
      [[fallthrough]];
    case OutcomeClass::kNotSent:
      // Waiting does not help this call: its authorization is spent.
      return ProviderUnavailableError(key.provider, absl::ZeroDuration());
  }

  absl::StatusOr<ConnectionRecord> current = seams_.store.Get(key);
  // A damaged one begins anew too: the user has just consented again.
  if (absl::IsNotFound(current.status()) ||
      absl::IsDataLoss(current.status())) {
    current.emplace();
    current->mutable_connection()->set_provider(key.provider);
    current->mutable_connection()->set_subject(key.subject);
  }
  if (!current.ok()) return FromStoreError(current.status(), key.provider);
  ConnectionRecord next =
      SettleCode(*current, *outcome.tokens,
                 SettleContext{.now = now,
                               .sent_time = FromProto(attempt.start_time()),
                               .provider = settings,
                               .jitter = UnitRandom(seams_.random)});
  SealTokens(seams_.keyring, outcome.tokens->access_token,
             outcome.tokens->refresh_token, &next);
  TOKENBROKER_FAILPOINT("complete.before_commit");
  const absl::Status committed = seams_.store.Commit(attempt, next);
  TOKENBROKER_FAILPOINT("complete.after_commit");
  // In any case, for a write that failed may have happened; the next reader
  // finds what is in storage.
  cache_.Erase(key);
  if (!committed.ok()) return FromStoreError(committed, key.provider);
  return ViewOf(next, ProviderStanding{}, now);
}

}  // namespace tokenbroker
