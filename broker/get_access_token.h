// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_GET_ACCESS_TOKEN_H_
#define TOKENBROKER_BROKER_GET_ACCESS_TOKEN_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "broker/clock.h"
#include "broker/connection_flights.h"
#include "broker/connection_key.h"
#include "broker/metrics.h"
#include "broker/refresher.h"
#include "broker/token_cache.h"
#include "broker/workers.h"

namespace tokenbroker {

// The act behind the call of the same name, and behind every due refresh.
// Thread-safe.
//
//   memory, fresh -> answer
//   storage, fresh -> answer                      (no thread changes hands)
//   else join or start the connection's one flight, and when it lands:
//     the new token, or the old one while it lives, or why there is none
class GetAccessToken {
 public:
  using Answer = absl::StatusOr<std::shared_ptr<const AccessToken>>;
  using Done = std::function<void(const Answer&)>;

  GetAccessToken(TokenCache& cache, Refresher& refresher,
                 ConnectionFlights& flights, Workers& workers,
                 const Clock& clock, Metrics& metrics);

  // Calls `done` once: before it returns if nothing has to be awaited, else
  // from a worker. The error is an API error.
  void Get(const ConnectionKey& key, Demand demand, Done done);

  // Refreshes what is due, unless it is being refreshed. The error says that no
  // worker is free: come again.
  absl::Status RefreshDue(const ConnectionKey& key);

 private:
  struct Call;

  void Await(const std::shared_ptr<Call>& call);
  void Land(const std::shared_ptr<Call>& call, const RefreshResult& result);

  TokenCache& cache_;
  Refresher& refresher_;
  ConnectionFlights& flights_;
  Workers& workers_;
  const Clock& clock_;
  Metrics& metrics_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_GET_ACCESS_TOKEN_H_
