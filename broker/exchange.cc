// SPDX-License-Identifier: Apache-2.0
#include "broker/exchange.h"

#include <string>

#include "broker/clock.h"
#include "broker/errors.h"
#include "broker/event_log.h"
#include "broker/failpoints.h"
#include "broker/keyring.h"
#include "broker/proto_time.h"
#include "broker/sealing.h"
#include "broker/token_store.h"

namespace tokenbroker {

Exchange::Exchange(const Seams& seams) : seams_(seams) {}

absl::StatusOr<Exchange::Result> Exchange::Run(
    const HttpRequest& request, const Provider& provider,
    const ReadContext& context, storage::v1::AttemptRecord* attempt) {
  if (closed_) return DrainingError();
  // Nothing is spent that could not be replaced.
  if (!seams_.store.Writable().ok()) return StorageUnavailableError();
  TOKENBROKER_FAILPOINT("exchange.before_begin");
  if (const absl::Status begun = seams_.store.Begin(*attempt); !begun.ok()) {
    return FromStoreError(begun, attempt->provider());
  }

  TOKENBROKER_FAILPOINT("exchange.after_begin");

  const absl::StatusOr<HttpResponse> response = seams_.http.Send(request);
  TOKENBROKER_FAILPOINT("exchange.after_send");
  Result result{.received_time = seams_.clock.TimeNow()};
  if (!response.ok()) {
    result.outcome = OutcomeOfFailedSend(response.status());
    return result;
  }
  // Kept before anybody reads it: neither a crash nor a parser may cost the
  // grant. If keeping fails, going on is the only chance left to commit it.
  *attempt->mutable_response() =
      SealResponse(seams_.keyring, *attempt, *response);
  seams_.store.KeepResponse(*attempt, attempt->response()).IgnoreError();
  TOKENBROKER_FAILPOINT("exchange.after_keep");
  result.outcome = ReadAnswer(provider, *response, context);
  return result;
}

void Exchange::Close() { closed_ = true; }

absl::Status CannotAsk(const EventLog& log, absl::string_view provider,
                       const absl::Status& error) {
  log.Write(EventLog::Level::kError, "request_not_made",
            {{"provider", provider}, {"detail", error.message()}});
  return ProviderMisconfiguredError(provider);
}

Outcome OutcomeOfFailedSend(const absl::Status& error) {
  const bool sent = error.code() != absl::StatusCode::kUnavailable &&
                    error.code() != absl::StatusCode::kInvalidArgument;
  return Outcome{
      .outcome_class = sent ? OutcomeClass::kUnknown : OutcomeClass::kNotSent,
      .detail = std::string(error.message())};
}

ReadContext RefreshContext(const storage::v1::AttemptRecord& attempt,
                           const v1::Connection& connection) {
  return {.sent_time = FromProto(attempt.start_time()),
          .scopes = {connection.scopes().begin(), connection.scopes().end()}};
}

Outcome ReadAnswer(const Provider& provider, const HttpResponse& response,
                   const ReadContext& context) {
  Outcome outcome = provider.Read(response, context);
  outcome.http_status = response.status;
  return outcome;
}

}  // namespace tokenbroker
