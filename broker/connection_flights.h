// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_CONNECTION_FLIGHTS_H_
#define TOKENBROKER_BROKER_CONNECTION_FLIGHTS_H_

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/connection_key.h"
#include "broker/flights.h"
#include "broker/provider_directory.h"
#include "broker/refresher.h"
#include "broker/workers.h"
#include "tokenbroker/v1/token_broker.pb.h"

namespace tokenbroker {

// One flight per connection: refreshes, code exchanges and deletions alike.
using ConnectionFlights = Flights<ConnectionKey, RefreshResult>;

// Runs `job` on a worker of the provider of `keys` (sorted, not empty) in
// flights of its own for all of them, after those that may be under way, and
// calls `done` with its answer when they have landed. Whoever joins meanwhile
// looks again. Without a place or a worker `done` gets OVERLOADED or DRAINING,
// and `job` does not run.
void RunAlone(
    ConnectionFlights& flights, Workers& workers,
    const std::vector<ConnectionKey>& keys,
    const std::function<absl::StatusOr<v1::Connection>()>& job,
    const std::function<void(const absl::StatusOr<v1::Connection>&)>& done);

// The rows that a code for the connection `key` may write, in their order: its
// own and those of the further pairs of tokens that its provider hands out.
std::vector<ConnectionKey> RowsOfCode(const ProviderDirectory& providers,
                                      const ConnectionKey& key);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_CONNECTION_FLIGHTS_H_
