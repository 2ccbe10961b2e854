// SPDX-License-Identifier: Apache-2.0
#include "broker/recovery.h"

#include "broker/event_log.h"
#include "broker/exchange.h"
#include "broker/failpoints.h"
#include "broker/keyring.h"
#include "broker/proto_time.h"
#include "broker/provider_directory.h"
#include "broker/sealing.h"
#include "broker/status_macros.h"
#include "broker/token_store.h"

namespace tokenbroker {

using storage::v1::AttemptRecord;

Recovery::Recovery(const Seams& seams, Refresher& refresher,
                   CompleteAuthorization& complete, ConnectionFlights& flights,
                   Workers& workers)
    : seams_(seams),
      refresher_(refresher),
      complete_(complete),
      flights_(flights),
      workers_(workers) {}

absl::Status Recovery::RunAtStart() {
  ABSL_ASSIGN_OR_RETURN(const std::vector<AttemptRecord> attempts,
                        seams_.store.OpenAttempts());
  for (const AttemptRecord& attempt : attempts) EndAndLog(attempt);
  return absl::OkStatus();
}

absl::Status Recovery::Sweep(absl::Time time) {
  ABSL_ASSIGN_OR_RETURN(const std::vector<AttemptRecord> attempts,
                        seams_.store.OpenAttempts());
  for (const AttemptRecord& attempt : attempts) {
    if (FromProto(attempt.start_time()) >= time) continue;
    RunAlone(
        flights_, workers_, RowsOf(attempt),
        [this, attempt]() -> absl::StatusOr<v1::Connection> {
          EndAndLog(attempt);
          return v1::Connection();
        },
        [](const absl::StatusOr<v1::Connection>&) {});
  }
  return absl::OkStatus();
}

// What ending it may write.
std::vector<ConnectionKey> Recovery::RowsOf(
    const AttemptRecord& attempt) const {
  const ConnectionKey key{attempt.provider(), attempt.subject()};
  if (!attempt.has_authorization()) return {key};
  return RowsOfCode(seams_.providers, key);
}

void Recovery::EndAndLog(const AttemptRecord& attempt) {
  TOKENBROKER_FAILPOINT("recovery.before_end");
  const absl::Status ended = End(attempt);
  TOKENBROKER_FAILPOINT("recovery.after_end");
  const SubjectParts parts = SplitSubject(attempt.subject());
  seams_.log.Write(
      ended.ok() ? EventLog::Level::kInfo : EventLog::Level::kWarning,
      "attempt_recovered",
      {{"provider", attempt.provider()},
       {"subject", parts.subject},
       {"token_name", parts.token_name},
       {"kind", AttemptRecord::Kind_Name(attempt.kind())},
       {"answer", attempt.has_response() ? "kept" : "none"},
       {"result", ended.ok() ? "ended" : std::string(ended.message())}});
}

absl::Status Recovery::End(const AttemptRecord& attempt) {
  if (attempt.kind() == AttemptRecord::KIND_CODE &&
      !attempt.has_authorization()) {
    // A further pair of tokens: the main one's attempt keeps the answer for
    // both, and makes another attempt.
    return seams_.store.Abandon(attempt);
  }
  ABSL_ASSIGN_OR_RETURN(const config::v1::Provider settings,
                        SettingsOf(attempt.provider()));
  ABSL_ASSIGN_OR_RETURN(const Outcome outcome, OutcomeOf(attempt));
  if (attempt.kind() == AttemptRecord::KIND_CODE) {
    return complete_
        .Conclude(attempt, settings, outcome,
                  CompleteAuthorization::Turn::kAgain)
        .status();
  }
  const auto current =
      seams_.store.Get({attempt.provider(), attempt.subject()});
  if (absl::IsNotFound(current.status()) ||
      (current.ok() &&
       current->connection().generation() != attempt.generation())) {
    // Removed or authorized anew: this attempt's outcome concerns nobody.
    return seams_.store.Abandon(attempt);
  }
  // Damaged, or out of reach for now: what was kept for it is not thrown away.
  if (!current.ok()) return current.status();
  // How the refresh went is the connection's state now; that it is settled is
  // all that counts here.
  refresher_.Conclude(attempt, *current, settings, outcome,
                      FromProto(attempt.start_time()));
  return absl::OkStatus();
}

// As configured: to settle takes the rotation class, which is not discovered.
absl::StatusOr<config::v1::Provider> Recovery::SettingsOf(
    const std::string& provider) const {
  for (const config::v1::Provider& settings : seams_.providers.List()) {
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
                        seams_.providers.Find(attempt.provider()));
  ABSL_ASSIGN_OR_RETURN(const HttpResponse response,
                        OpenResponse(seams_.keyring, attempt));
  if (attempt.kind() == AttemptRecord::KIND_REFRESH) {
    ABSL_ASSIGN_OR_RETURN(
        const auto current,
        seams_.store.Get({attempt.provider(), attempt.subject()}));
    return ReadAnswer(*provider, response,
                      RefreshContext(attempt, current.connection()));
  }
  const auto& authorization = attempt.authorization();
  ABSL_ASSIGN_OR_RETURN(const auto secrets,
                        OpenAuthorizationSecrets(seams_.keyring, attempt.id(),
                                                 authorization.secrets()));
  return ReadAnswer(
      *provider, response,
      {.sent_time = FromProto(attempt.start_time()),
       .scopes = {authorization.scopes().begin(), authorization.scopes().end()},
       .code_exchange = true,
       .nonce = secrets.nonce()});
}

}  // namespace tokenbroker
