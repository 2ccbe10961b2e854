// SPDX-License-Identifier: Apache-2.0
#include "broker/broker.h"

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "broker/config.h"
#include "broker/failpoints.h"
#include "broker/gate.h"
#include "broker/provider_directory.h"
#include "broker/status_macros.h"
#include "broker/token_store.h"

namespace tokenbroker {

namespace {

// A provider's configuration, as its queue's gate.
absl::flat_hash_map<std::string, GateLimits> GatesOf(
    const std::vector<config::v1::Provider>& providers) {
  absl::flat_hash_map<std::string, GateLimits> gates;
  for (const config::v1::Provider& provider : providers) {
    GateLimits& limits = gates[provider.name()];
    limits.concurrent = MaxConcurrentRequests(provider);
    if (provider.has_max_requests_per_minute()) {
      limits.interval = absl::Minutes(1) / provider.max_requests_per_minute();
    }
  }
  return gates;
}

}  // namespace

Broker::Broker(const Seams& seams, const config::v1::Config& config,
               const Limits& limits)
    : policy(config),
      cache(limits.cached_tokens),
      flights(limits.waiters),
      exchange(seams),
      workers({.threads = limits.threads,
               .waiting_callers = limits.waiting_callers,
               .gates = GatesOf(seams.providers.List())},
              seams.clock, pace),
      refresher(seams, exchange, cache, pace, metrics),
      get_access_token(cache, refresher, flights, workers, seams.clock,
                       metrics),
      start_authorization(seams),
      complete_authorization(seams, exchange, cache, pace, flights, workers),
      delete_connection(seams, refresher, cache, flights, workers),
      read_connections(seams, pace),
      recovery(seams, refresher, complete_authorization, flights, workers),
      due_loop(seams, get_access_token, recovery, cache, pace),
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
  TOKENBROKER_FAILPOINT("drain.after_close");
  workers.Drain();
}

}  // namespace tokenbroker
