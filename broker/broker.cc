// SPDX-License-Identifier: Apache-2.0
#include "broker/broker.h"

#include "absl/time/time.h"
#include "broker/status_macros.h"

namespace tokenbroker {

Broker::Broker(const Seams& seams, const config::v1::Config& config,
               const Limits& limits)
    : policy(config),
      cache(limits.cached_tokens),
      flights(limits.waiters),
      exchange(seams.store, seams.keyring, seams.http, seams.clock),
      workers(limits.workers, limits.queue),
      refresher({.store = seams.store,
                 .keyring = seams.keyring,
                 .providers = seams.providers,
                 .exchange = exchange,
                 .cache = cache,
                 .pace = pace,
                 .random = seams.random,
                 .clock = seams.clock,
                 .log = seams.log,
                 .metrics = metrics}),
      get_access_token(cache, refresher, flights, workers, seams.clock,
                       metrics),
      start_authorization(seams.store, seams.keyring, seams.providers,
                          seams.random, seams.clock, seams.log),
      complete_authorization({.store = seams.store,
                              .keyring = seams.keyring,
                              .providers = seams.providers,
                              .exchange = exchange,
                              .cache = cache,
                              .pace = pace,
                              .flights = flights,
                              .workers = workers,
                              .random = seams.random,
                              .clock = seams.clock,
                              .log = seams.log}),
      delete_connection({.store = seams.store,
                         .keyring = seams.keyring,
                         .providers = seams.providers,
                         .http = seams.http,
                         .cache = cache,
                         .flights = flights,
                         .workers = workers,
                         .clock = seams.clock,
                         .log = seams.log}),
      read_connections(seams.store, seams.keyring, seams.providers, pace,
                       seams.clock),
      recovery(seams.store, seams.keyring, seams.providers, refresher,
               complete_authorization, flights, seams.log),
      due_loop(seams.store, seams.providers, get_access_token, recovery,
               workers, seams.clock, seams.log) {
  readiness.Add("refresh", [this] { return due_loop.Health(); });
}

absl::Status Broker::Start() {
  // Whoever opened the store alone may end every attempt in it.
  ABSL_RETURN_IF_ERROR(recovery.Run(absl::InfiniteFuture()));
  due_loop.Start();
  return absl::OkStatus();
}

void Broker::Stop() {
  due_loop.Stop();
  exchange.Close();
  workers.Drain();
}

}  // namespace tokenbroker
