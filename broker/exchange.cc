// SPDX-License-Identifier: Apache-2.0
#include "broker/exchange.h"

#include <string>

#include "broker/errors.h"
#include "broker/sealing.h"

namespace tokenbroker {

Exchange::Exchange(TokenStore& store, const Keyring& keyring, HttpClient& http,
                   const Clock& clock)
    : store_(store), keyring_(keyring), http_(http), clock_(clock) {}

absl::StatusOr<Exchange::Result> Exchange::Run(
    const storage::v1::AttemptRecord& attempt, const HttpRequest& request,
    const Provider& provider, const ReadContext& context) {
  if (closed_) return DrainingError();
  if (const absl::Status begun = store_.Begin(attempt); !begun.ok()) {
    return FromStoreError(begun, attempt.provider());
  }

  const absl::StatusOr<HttpResponse> response = http_.Send(request);
  Result result{.received_time = clock_.TimeNow()};
  if (!response.ok()) {
    result.outcome = OutcomeOfFailedSend(response.status());
    return result;
  }
  // Kept before anybody reads it: neither a crash nor a parser may cost the
  // grant. If keeping fails, going on is the only chance left to commit it.
  store_.KeepResponse(attempt, SealResponse(keyring_, attempt, *response))
      .IgnoreError();
  result.outcome = ReadAnswer(provider, *response, context);
  return result;
}

void Exchange::Close() { closed_ = true; }

Outcome OutcomeOfFailedSend(const absl::Status& error) {
  const bool sent = error.code() != absl::StatusCode::kUnavailable &&
                    error.code() != absl::StatusCode::kInvalidArgument;
  return Outcome{
      .outcome_class = sent ? OutcomeClass::kUnknown : OutcomeClass::kNotSent,
      .detail = std::string(error.message())};
}

Outcome ReadAnswer(const Provider& provider, const HttpResponse& response,
                   const ReadContext& context) {
  Outcome outcome = provider.Read(response, context);
  outcome.http_status = response.status;
  return outcome;
}

}  // namespace tokenbroker
