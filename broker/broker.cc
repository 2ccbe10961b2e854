// SPDX-License-Identifier: Apache-2.0
#include "broker/broker.h"

#include "absl/time/time.h"
#include "broker/status_macros.h"
#include "broker/token_store.h"

namespace tokenbroker {

Broker::Broker(const Seams& seams, const config::v1::Config& config,
               const Limits& limits)
    : policy(config),
      cache(limits.cached_tokens),
      flights(limits.waiters),
      exchange(seams),
      workers(limits.workers, limits.queue),
      refresher(seams, exchange, cache, pace, metrics),
      get_access_token(cache, refresher, flights, workers, seams.clock,
                       metrics),
      start_authorization(seams),
      complete_authorization(seams, exchange, cache, pace, flights, workers),
      delete_connection(seams, cache, flights, workers),
      read_connections(seams, pace),
      recovery(seams, refresher, complete_authorization, flights, workers),
      due_loop(seams, get_access_token, recovery),
      store_watch(seams, metrics) {
  readiness.Add("storage", [&store = seams.store] { return store.Writable(); });
  readiness.Add("refresh", [this] { return due_loop.Health(); });
}

absl::Status Broker::Start() {
  // Whoever opened the store alone may end every attempt in it.
  ABSL_RETURN_IF_ERROR(recovery.RunAtStart());
  due_loop.Start();
  return absl::OkStatus();
}

void Broker::Stop() {
  due_loop.Stop();
  exchange.Close();
  workers.Drain();
}

}  // namespace tokenbroker
