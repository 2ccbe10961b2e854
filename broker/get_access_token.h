// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_GET_ACCESS_TOKEN_H_
#define TOKENBROKER_BROKER_GET_ACCESS_TOKEN_H_

#include <functional>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "broker/clock.h"
#include "broker/connection_flights.h"
#include "broker/connection_key.h"
#include "broker/metrics.h"
#include "broker/mutex.h"
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

  // Has what is due refreshed, unless it is about to be. Until its turn comes
  // it flies not, so that no caller joins it at the end of a long lane. The
  // error says that the lane is full: come again.
  absl::Status RefreshDue(const ConnectionKey& key, Workers::Lane lane);

 private:
  struct Call;

  void Unqueue(const ConnectionKey& key);
  void Await(const std::shared_ptr<Call>& call);
  void Land(const std::shared_ptr<Call>& call, const RefreshResult& result);

  TokenCache& cache_;
  Refresher& refresher_;
  ConnectionFlights& flights_;
  Workers& workers_;
  const Clock& clock_;
  Metrics& metrics_;

  Mutex mutex_;
  // Due, and in a lane of the workers, which bounds it.
  absl::flat_hash_set<ConnectionKey> queued_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_GET_ACCESS_TOKEN_H_
