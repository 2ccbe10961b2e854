// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_CONNECTION_FLIGHTS_H_
#define TOKENBROKER_BROKER_CONNECTION_FLIGHTS_H_

#include <functional>

#include "absl/status/statusor.h"
#include "broker/connection_key.h"
#include "broker/flights.h"
#include "broker/refresher.h"
#include "broker/workers.h"
#include "tokenbroker/v1/token_broker.pb.h"

namespace tokenbroker {

// One flight per connection: refreshes, code exchanges and deletions alike.
using ConnectionFlights = Flights<ConnectionKey, RefreshResult>;

// Runs `job` on a worker of its provider in a flight of its own, after the one
// that may be under way, and calls `done` with its answer when that has landed.
// Whoever joins meanwhile looks again. Without a place or a worker `done` gets
// OVERLOADED or DRAINING, and `job` does not run.
void RunAlone(
    ConnectionFlights& flights, Workers& workers, const ConnectionKey& key,
    std::function<absl::StatusOr<v1::Connection>()> job,
    const std::function<void(const absl::StatusOr<v1::Connection>&)>& done);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_CONNECTION_FLIGHTS_H_
