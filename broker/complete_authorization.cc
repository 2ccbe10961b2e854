// SPDX-License-Identifier: Apache-2.0
#include "broker/complete_authorization.h"

#include <string>
#include <utility>

#include "broker/connection_view.h"
#include "broker/errors.h"
#include "broker/oauth_error.h"
#include "broker/proto_time.h"
#include "broker/sealing.h"
#include "broker/settle.h"

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

void CompleteAuthorization::Complete(
    absl::string_view caller, const v1::CompleteAuthorizationRequest& request,
    Done done) {
  auto call = std::make_shared<Call>();
  call->caller = std::string(caller);
  call->state_hash = StateHash(parts_.keyring, request.state());
  call->code = Secret(request.code());
  call->iss = request.iss();
  call->error = request.error();
  call->done = std::move(done);
  const absl::Status accepted =
      parts_.workers.Run(Workers::Lane::kCaller, [this, call] { Take(call); });
  if (!accepted.ok()) call->done(accepted);
}

// Whatever comes after the taking, this authorization is spent: a wrong caller,
// issuer or code gets no second try.
void CompleteAuthorization::Take(const std::shared_ptr<Call>& call) {
  absl::StatusOr<AuthorizationRecord> taken =
      parts_.store.Take(call->state_hash);
  if (absl::IsNotFound(taken.status())) {
    return call->done(AuthorizationNotFoundError());
  }
  if (!taken.ok()) return call->done(FromStoreError(taken.status(), ""));
  call->authorization = *std::move(taken);
  const std::string& name = call->authorization.provider();

  if (call->authorization.caller() != call->caller) {
    parts_.log.Write(EventLog::Level::kWarning, "foreign_state",
                     {{"caller", call->caller},
                      {"started_by", call->authorization.caller()},
                      {"provider", name}});
    return call->done(AuthorizationNotFoundError());
  }
  if (parts_.clock.TimeNow() >= FromProto(call->authorization.expire_time())) {
    return call->done(AuthorizationExpiredError(name));
  }
  auto provider = parts_.providers.Find(name);
  if (!provider.ok()) {
    return call->done(ProviderUnavailableError(name, absl::ZeroDuration()));
  }
  call->provider = *std::move(provider);
  const absl::Status checked = CheckCallback(*call, call->provider->settings());
  if (!checked.ok()) {
    parts_.log.Write(EventLog::Level::kWarning, "authorization_refused",
                     {{"caller", call->caller},
                      {"provider", name},
                      {"subject", call->authorization.subject()},
                      {"reason", ReasonName(ReasonOf(checked))}});
    return call->done(checked);
  }
  AwaitFlight(call);
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

// Not beside a refresh of the connection it renews.
void CompleteAuthorization::AwaitFlight(const std::shared_ptr<Call>& call) {
  const ConnectionKey key{call->authorization.provider(),
                          call->authorization.subject()};
  const auto joined = parts_.flights.Lead(
      key, [this, call](const RefreshResult&) { AwaitFlight(call); });
  if (joined == ConnectionFlights::Joined::kFull) {
    return call->done(OverloadedError());
  }
  if (joined == ConnectionFlights::Joined::kJoined) return;
  const absl::Status accepted =
      parts_.workers.Run(Workers::Lane::kCaller, [this, call, key] {
        const Answer answer = SpendCode(*call);
        parts_.flights.Land(key, RefreshResult{});
        call->done(answer);
      });
  if (!accepted.ok()) {
    parts_.flights.Land(key, RefreshResult{});
    call->done(accepted);
  }
}

CompleteAuthorization::Answer CompleteAuthorization::SpendCode(
    const Call& call) {
  const AuthorizationRecord& authorization = call.authorization;
  absl::StatusOr<storage::v1::AuthorizationSecrets> secrets =
      OpenAuthorizationSecrets(parts_.keyring, call.state_hash,
                               authorization.secrets());
  if (!secrets.ok()) {
    return FromStoreError(secrets.status(), authorization.provider());
  }
  const absl::Time now = parts_.clock.TimeNow();
  AttemptRecord attempt;
  attempt.set_id(call.state_hash);
  attempt.set_kind(AttemptRecord::KIND_CODE);
  attempt.set_provider(authorization.provider());
  attempt.set_subject(authorization.subject());
  *attempt.mutable_start_time() = ToProto(now);
  *attempt.mutable_authorization() = authorization;

  const HttpRequest request = call.provider->CodeRequest(CodeGrant{
      .code = call.code.Clone(),
      .redirect_uri = authorization.redirect_uri(),
      .code_verifier = Secret::Take(secrets->mutable_code_verifier())});
  const absl::StatusOr<Exchange::Result> result =
      parts_.exchange.Run(attempt, request, *call.provider,
                          ReadContext{.sent_time = now,
                                      .scopes = {authorization.scopes().begin(),
                                                 authorization.scopes().end()},
                                      .code_exchange = true,
                                      .nonce = secrets->nonce()});
  if (!result.ok()) return result.status();
  return Conclude(attempt, call.provider->settings(), result->outcome);
}

CompleteAuthorization::Answer CompleteAuthorization::Conclude(
    const AttemptRecord& attempt, const config::v1::Provider& settings,
    const Outcome& outcome) {
  const ConnectionKey key{attempt.provider(), attempt.subject()};
  const absl::Time now = parts_.clock.TimeNow();
  parts_.pace.Learn(key.provider, outcome, now);
  parts_.log.Write(outcome.outcome_class == OutcomeClass::kSuccess
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
    parts_.store.Abandon(attempt).IgnoreError();
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

  absl::StatusOr<ConnectionRecord> current = parts_.store.Get(key);
  if (absl::IsNotFound(current.status())) {
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
                               .jitter = UnitRandom(parts_.random)});
  SealTokens(parts_.keyring, outcome.tokens->access_token,
             outcome.tokens->refresh_token, &next);
  if (const absl::Status status = parts_.store.Commit(attempt, next);
      !status.ok()) {
    return FromStoreError(status, key.provider);
  }
  // The next reader finds the new token set in storage.
  parts_.cache.Erase(key);
  return ViewOf(next, ProviderStanding{}, now);
}

}  // namespace tokenbroker
