// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_COMPLETE_AUTHORIZATION_H_
#define TOKENBROKER_BROKER_COMPLETE_AUTHORIZATION_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/connection_flights.h"
#include "broker/exchange.h"
#include "broker/pace.h"
#include "broker/seams.h"
#include "broker/token_cache.h"
#include "broker/workers.h"
#include "tokenbroker/v1/token_broker.pb.h"

namespace tokenbroker {

// The act behind the call of the same name: takes the authorization, once ever,
// then spends the code through the same exchange as a refresh. Thread-safe.
class CompleteAuthorization {
 public:
  using Answer = absl::StatusOr<v1::Connection>;
  using Done = std::function<void(const Answer&)>;

  CompleteAuthorization(const Seams& seams, Exchange& exchange,
                        TokenCache& cache, Pace& pace,
                        ConnectionFlights& flights, Workers& workers);

  // Calls `done` once, maybe before it returns. The request's fields are
  // well-formed (validation.h). API errors.
  void Complete(absl::string_view caller,
                const v1::CompleteAuthorizationRequest& request, Done done);

  // Where a restart enters: settles and commits the outcome of a code's
  // exchange, or abandons the attempt.
  Answer Conclude(const storage::v1::AttemptRecord& attempt,
                  const config::v1::Provider& settings, const Outcome& outcome);

 private:
  struct Call;

  void Take(const std::shared_ptr<Call>& call);
  Answer CheckAndSpend(const Call& call);
  Answer SpendCode(const Call& call, const Provider& provider);
  absl::Status CheckCallback(const Call& call,
                             const config::v1::Provider& settings) const;

  const Seams seams_;
  Exchange& exchange_;
  TokenCache& cache_;
  Pace& pace_;
  ConnectionFlights& flights_;
  Workers& workers_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_COMPLETE_AUTHORIZATION_H_
