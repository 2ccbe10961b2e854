// SPDX-License-Identifier: Apache-2.0
#include "broker/complete_authorization.h"

#include <map>
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
#include "broker/status_macros.h"
#include "broker/token_store.h"

namespace tokenbroker {

using storage::v1::AttemptRecord;
using storage::v1::AuthorizationRecord;
using storage::v1::ConnectionRecord;

struct CompleteAuthorization::Call {
  std::string caller;
  std::string state_hash;
  Secret code;
  // Without the code.
  v1::CompleteAuthorizationRequest callback;
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
  call->callback = request;
  WipeString(call->callback.mutable_code());
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
  // Not beside a refresh of what it renews.
  RunAlone(
      flights_, workers_,
      RowsOfCode(seams_.providers, {name, call->authorization.subject()}),
      [this, call] { return CheckAndSpend(*call); }, call->done);
}

CompleteAuthorization::Answer CompleteAuthorization::CheckAndSpend(Call& call) {
  const std::string& name = call.authorization.provider();
  const auto provider = seams_.providers.Find(name);
  if (!provider.ok()) {
    return ProviderUnavailableError(name, absl::ZeroDuration());
  }
  const absl::Status checked = CheckCallback(**provider, &call);
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

absl::Status CompleteAuthorization::CheckCallback(const Provider& provider,
                                                  Call* call) const {
  const config::v1::Provider& settings = provider.settings();
  const v1::CompleteAuthorizationRequest& callback = call->callback;
  // RFC 9207 2.4: compared as strings, and required where announced.
  const bool wrong = !callback.iss().empty() && !settings.issuer().empty() &&
                     callback.iss() != settings.issuer();
  const bool missing = callback.iss().empty() && settings.require_iss();
  if (wrong || missing) return IssuerMismatchError(settings.name());

  // What an error says besides is of interest only if it is signed.
  const bool is_signed = settings.callback_signature() !=
                         config::v1::CALLBACK_SIGNATURE_UNSPECIFIED;
  if (callback.error().empty() || is_signed) {
    const absl::StatusOr<Attributes> attributes = ReadCallback(provider, *call);
    if (!attributes.ok()) return CallbackRejectedError(settings.name());
    for (const auto& [name, value] : *attributes) {
      (*call->authorization.mutable_attributes())[name] = value;
    }
  }
  if (!callback.error().empty()) {
    return AuthorizationDeniedError(settings.name(),
                                    RegisteredErrorOrOther(callback.error()));
  }
  return absl::OkStatus();
}

absl::StatusOr<Attributes> CompleteAuthorization::ReadCallback(
    const Provider& provider, const Call& call) {
  const v1::CompleteAuthorizationRequest& callback = call.callback;
  std::map<std::string, std::string> params(callback.other_params().begin(),
                                            callback.other_params().end());
  const std::pair<const char*, absl::string_view> fields[] = {
      {"state", callback.state()},
      {"code", call.code.Reveal()},
      {"iss", callback.iss()},
      {"error", callback.error()},
      {"error_description", callback.error_description()}};
  for (const auto& [name, value] : fields) {
    if (!value.empty()) params[name] = std::string(value);
  }
  absl::StatusOr<Attributes> attributes =
      provider.ReadCallback(params, AttributesOf(call.authorization));
  WipeString(&params["code"]);
  return attributes;
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

  Attributes attributes = AttributesOf(authorization);
  // For a provider that wants it back with the code.
  attributes["state"] = call.callback.state();
  const absl::StatusOr<HttpRequest> request = provider.CodeRequest(
      CodeGrant{
          .code = call.code.Clone(),
          .redirect_uri = authorization.redirect_uri(),
          .code_verifier = Secret::Take(secrets->mutable_code_verifier())},
      {.now = now, .unique = attempt.id(), .attributes = attributes});
  if (!request.ok()) {
    return CannotAsk(seams_.log, authorization.provider(), request.status());
  }
  const absl::StatusOr<Exchange::Result> result =
      exchange_.Run(*request, provider,
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
  return Conclude(attempt, provider.settings(), result->outcome, Turn::kFirst);
}

CompleteAuthorization::Answer CompleteAuthorization::Conclude(
    const AttemptRecord& attempt, const config::v1::Provider& settings,
    const Outcome& outcome, Turn turn) {
  const ConnectionKey key{attempt.provider(), attempt.subject()};
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

  if (turn == Turn::kAgain && !outcome.tokens->named.empty()) {
    // Still open? Else all was written, and may have been deleted since.
    const absl::Status open =
        seams_.store.KeepResponse(attempt, attempt.response());
    if (!open.ok()) return FromStoreError(open, key.provider);
  }
  for (const NamedTokenSet& pair : outcome.tokens->named) {
    ABSL_RETURN_IF_ERROR(
        CommitNamed(attempt, *outcome.tokens, pair, settings, turn));
  }
  ABSL_ASSIGN_OR_RETURN(
      const ConnectionRecord committed,
      CommitRow(attempt, attempt.authorization(), *outcome.tokens, settings));
  return ViewOf(committed, ProviderStanding{}, seams_.clock.TimeNow());
}

absl::Status CompleteAuthorization::CommitNamed(
    const AttemptRecord& main, const TokenSet& main_tokens,
    const NamedTokenSet& pair, const config::v1::Provider& settings,
    Turn turn) {
  const ConnectionKey key =
      NamedKey(main.provider(), main.subject(), pair.name);
  if (turn == Turn::kAgain) {
    // What was written the first time may have rotated since.
    const auto row = seams_.store.Get(key);
    if (row.ok() &&
        FromProto(row->obtain_time()) >= FromProto(main.start_time())) {
      return absl::OkStatus();
    }
  }
  AttemptRecord attempt;
  attempt.set_id(main.id());
  attempt.set_kind(AttemptRecord::KIND_CODE);
  attempt.set_provider(key.provider);
  attempt.set_subject(key.subject);
  *attempt.mutable_start_time() = main.start_time();
  const absl::Status begun = seams_.store.Begin(attempt);
  // Open already: the first time ended here.
  if (!begun.ok() && !absl::IsAborted(begun)) {
    return FromStoreError(begun, key.provider);
  }
  // The scopes that were asked for are the main pair's; the attributes are of
  // both.
  AuthorizationRecord authorization;
  *authorization.mutable_attributes() = main.authorization().attributes();
  for (const auto& [name, value] : main_tokens.attributes) {
    (*authorization.mutable_attributes())[name] = value;
  }
  return CommitRow(attempt, authorization, pair.tokens, settings).status();
}

absl::StatusOr<ConnectionRecord> CompleteAuthorization::CommitRow(
    const AttemptRecord& attempt, const AuthorizationRecord& authorization,
    const TokenSet& tokens, const config::v1::Provider& settings) {
  const ConnectionKey key{attempt.provider(), attempt.subject()};
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
      SettleCode(*current, tokens, authorization,
                 SettleContext{.now = seams_.clock.TimeNow(),
                               .sent_time = FromProto(attempt.start_time()),
                               .provider = settings,
                               .jitter = UnitRandom(seams_.random)});
  SealTokens(seams_.keyring, tokens.access_token, tokens.refresh_token, &next);
  TOKENBROKER_FAILPOINT("complete.before_commit");
  const absl::Status committed = seams_.store.Commit(attempt, next);
  TOKENBROKER_FAILPOINT("complete.after_commit");
  // In any case, for a write that failed may have happened; the next reader
  // finds what is in storage.
  cache_.Erase(key);
  if (!committed.ok()) return FromStoreError(committed, key.provider);
  return next;
}

}  // namespace tokenbroker
