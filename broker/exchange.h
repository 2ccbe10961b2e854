// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_EXCHANGE_H_
#define TOKENBROKER_BROKER_EXCHANGE_H_

#include <atomic>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/http_client.h"
#include "broker/provider.h"
#include "broker/seams.h"
#include "tokenbroker/storage/v1/records.pb.h"

namespace tokenbroker {

// Spends a one-time credential, a refresh token or a code: the one dangerous
// line of the broker. Thread-safe; blocks for the provider's timeout.
class Exchange {
 public:
  struct Result {
    Outcome outcome;
    // When the answer came, or failed to. Until it is committed, a token set is
    // at risk.
    absl::Time received_time;
  };

  explicit Exchange(const Seams& seams);

  // Begin, send, KeepResponse, read. The attempt, to which the kept answer is
  // added, stays open: commit or abandon it. An error, an API error, means that
  // nothing was spent: the store is not writable or Begin refused, or Close was
  // called.
  absl::StatusOr<Result> Run(const HttpRequest& request,
                             const Provider& provider,
                             const ReadContext& context,
                             storage::v1::AttemptRecord* attempt);

  // From now on no exchange starts; those that run go on.
  void Close();

 private:
  const Seams seams_;
  std::atomic<bool> closed_ = false;
};

// What reading the answer to a refresh of `connection` needs to know.
ReadContext RefreshContext(const storage::v1::AttemptRecord& attempt,
                           const v1::Connection& connection);

// Provider::Read, with the status noted.
Outcome ReadAnswer(const Provider& provider, const HttpResponse& response,
                   const ReadContext& context);

// A request cannot be made of what is configured and known: tells the operator,
// and is what the caller is told.
absl::Status CannotAsk(const EventLog& log, absl::string_view provider,
                       const absl::Status& error);

// What a connection's record, or an authorization's, says besides secrets.
template <typename Record>
Attributes AttributesOf(const Record& record) {
  return {record.attributes().begin(), record.attributes().end()};
}

// The outcome of a request that brought no whole answer, by HttpClient's error.
Outcome OutcomeOfFailedSend(const absl::Status& error);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_EXCHANGE_H_
