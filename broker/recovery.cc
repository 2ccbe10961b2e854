// SPDX-License-Identifier: Apache-2.0
#include "broker/recovery.h"

#include "broker/exchange.h"
#include "broker/proto_time.h"
#include "broker/sealing.h"
#include "broker/status_macros.h"

namespace tokenbroker {

using storage::v1::AttemptRecord;

Recovery::Recovery(TokenStore& store, const Keyring& keyring,
                   ProviderDirectory& providers, Refresher& refresher,
                   CompleteAuthorization& complete, ConnectionFlights& flights,
                   const EventLog& log)
    : store_(store),
      keyring_(keyring),
      providers_(providers),
      refresher_(refresher),
      complete_(complete),
      flights_(flights),
      log_(log) {}

absl::Status Recovery::Run(absl::Time time) {
  ABSL_ASSIGN_OR_RETURN(const std::vector<AttemptRecord> attempts,
                        store_.OpenAttempts());
  for (const AttemptRecord& attempt : attempts) {
    if (FromProto(attempt.start_time()) >= time) continue;
    const ConnectionKey key{attempt.provider(), attempt.subject()};
    if (flights_.Join(key, nullptr) != ConnectionFlights::Joined::kLeads) {
      continue;
    }
    const absl::Status ended = End(attempt);
    flights_.Land(key, RefreshResult{});
    log_.Write(
        ended.ok() ? EventLog::Level::kInfo : EventLog::Level::kWarning,
        "attempt_recovered",
        {{"provider", key.provider},
         {"subject", key.subject},
         {"kind", AttemptRecord::Kind_Name(attempt.kind())},
         {"answer", attempt.has_response() ? "kept" : "none"},
         {"result", ended.ok() ? "ended" : std::string(ended.message())}});
  }
  return absl::OkStatus();
}

absl::Status Recovery::End(const AttemptRecord& attempt) {
  ABSL_ASSIGN_OR_RETURN(const config::v1::Provider settings,
                        SettingsOf(attempt.provider()));
  ABSL_ASSIGN_OR_RETURN(const Outcome outcome, OutcomeOf(attempt));
  if (attempt.kind() == AttemptRecord::KIND_CODE) {
    return complete_.Conclude(attempt, settings, outcome).status();
  }
  const auto current = store_.Get({attempt.provider(), attempt.subject()});
  if (!current.ok() ||
      current->connection().generation() != attempt.generation()) {
    // Removed or authorized anew: this attempt's outcome concerns nobody.
    return store_.Abandon(attempt);
  }
  // How the refresh went is the connection's state now; that it is settled is
  // all that counts here.
  refresher_.Conclude(attempt, *current, settings, outcome,
                      FromProto(attempt.start_time()));
  return absl::OkStatus();
}

// As configured: to settle takes the rotation class, which is not discovered.
absl::StatusOr<config::v1::Provider> Recovery::SettingsOf(
    const std::string& provider) const {
  for (const config::v1::Provider& settings : providers_.List()) {
    if (settings.name() == provider) return settings;
  }
  return absl::NotFoundError("the provider is not configured");
}

absl::StatusOr<Outcome> Recovery::OutcomeOf(
    const AttemptRecord& attempt) const {
  if (!attempt.has_response()) {
    return Outcome{.outcome_class = OutcomeClass::kUnknown,
                   .detail = "the broker ended before the answer"};
  }
  ABSL_ASSIGN_OR_RETURN(const auto provider,
                        providers_.Find(attempt.provider()));
  ABSL_ASSIGN_OR_RETURN(const HttpResponse response,
                        OpenResponse(keyring_, attempt));
  ReadContext context{.sent_time = FromProto(attempt.start_time())};
  if (attempt.kind() == AttemptRecord::KIND_CODE) {
    const auto& authorization = attempt.authorization();
    ABSL_ASSIGN_OR_RETURN(const auto secrets,
                          OpenAuthorizationSecrets(keyring_, attempt.id(),
                                                   authorization.secrets()));
    context.code_exchange = true;
    context.nonce = secrets.nonce();
    context.scopes.assign(authorization.scopes().begin(),
                          authorization.scopes().end());
  } else {
    ABSL_ASSIGN_OR_RETURN(const auto current,
                          store_.Get({attempt.provider(), attempt.subject()}));
    context.scopes.assign(current.connection().scopes().begin(),
                          current.connection().scopes().end());
  }
  return ReadAnswer(*provider, response, context);
}

}  // namespace tokenbroker
