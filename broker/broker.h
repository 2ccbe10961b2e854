// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_BROKER_H_
#define TOKENBROKER_BROKER_BROKER_H_

#include "absl/status/status.h"
#include "broker/access_policy.h"
#include "broker/complete_authorization.h"
#include "broker/delete_connection.h"
#include "broker/due_loop.h"
#include "broker/exchange.h"
#include "broker/get_access_token.h"
#include "broker/metrics.h"
#include "broker/pace.h"
#include "broker/read_connections.h"
#include "broker/readiness.h"
#include "broker/recovery.h"
#include "broker/refresher.h"
#include "broker/seams.h"
#include "broker/start_authorization.h"
#include "broker/store_watch.h"
#include "broker/token_cache.h"
#include "broker/workers.h"
#include "tokenbroker/config/v1/config.pb.h"

namespace tokenbroker {

// How much is accepted at a time.
struct Limits {
  // Threads that wait for providers and the disk.
  int threads = 1024;
  // Calls that wait for a thread, by provider.
  size_t waiting_callers = 10'000;
  // Calls that wait for a flight.
  size_t waiters = 10'000;
  size_t cached_tokens = 100'000;
};

// The acts, put together over the seams. The members are in the order in which
// they depend on each other, and are used in place.
struct Broker {
  Broker(const Seams& seams, const config::v1::Config& config,
         const Limits& limits = {});

  // Ends what a crash left open, then starts refreshing by the clock.
  absl::Status Start();

  // Starts no new exchange, and returns when those in flight are stored and
  // everybody who waits is answered.
  void Stop();

  Metrics metrics;
  Readiness readiness;
  const AccessPolicy policy;
  Pace pace;
  TokenCache cache;
  ConnectionFlights flights;
  Exchange exchange;
  Workers workers;
  Refresher refresher;
  GetAccessToken get_access_token;
  StartAuthorization start_authorization;
  CompleteAuthorization complete_authorization;
  DeleteConnection delete_connection;
  ReadConnections read_connections;
  Recovery recovery;
  DueLoop due_loop;
  StoreWatch store_watch;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_BROKER_H_
