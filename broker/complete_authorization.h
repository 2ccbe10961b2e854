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
//
// Each further pair of tokens in the answer becomes a row of its own
// (NamedKey), before the main one: until that is committed, the attempt that
// keeps the whole answer is open, and a restart writes all of them again.
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

  // Whether an attempt is concluded by who spent the code, or by a restart.
  enum class Turn { kFirst, kAgain };

  // Where a restart enters: settles and commits the outcome of a code's
  // exchange, or abandons the attempt. Call it in a flight (RowsOfCode).
  Answer Conclude(const storage::v1::AttemptRecord& attempt,
                  const config::v1::Provider& settings, const Outcome& outcome,
                  Turn turn);

 private:
  struct Call;

  void Take(const std::shared_ptr<Call>& call);
  Answer CheckAndSpend(Call& call);
  Answer SpendCode(const Call& call, const Provider& provider);
  absl::Status CheckCallback(const Provider& provider, Call* call) const;
  static absl::StatusOr<Attributes> ReadCallback(const Provider& provider,
                                                 const Call& call);
  absl::Status CommitNamed(const storage::v1::AttemptRecord& main,
                           const TokenSet& main_tokens,
                           const NamedTokenSet& pair,
                           const config::v1::Provider& settings, Turn turn);
  absl::StatusOr<storage::v1::ConnectionRecord> CommitRow(
      const storage::v1::AttemptRecord& attempt,
      const storage::v1::AuthorizationRecord& authorization,
      const TokenSet& tokens, const config::v1::Provider& settings);

  const Seams seams_;
  Exchange& exchange_;
  TokenCache& cache_;
  Pace& pace_;
  ConnectionFlights& flights_;
  Workers& workers_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_COMPLETE_AUTHORIZATION_H_
