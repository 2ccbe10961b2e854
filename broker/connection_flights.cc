// SPDX-License-Identifier: Apache-2.0
#include "broker/connection_flights.h"

#include <utility>

#include "broker/errors.h"

namespace tokenbroker {

void RunAlone(
    ConnectionFlights& flights, Workers& workers, const ConnectionKey& key,
    std::function<absl::StatusOr<v1::Connection>()> job,
    const std::function<void(const absl::StatusOr<v1::Connection>&)>& done) {
  const auto joined = flights.Lead(
      key, [&flights, &workers, key, job, done](const RefreshResult&) {
        RunAlone(flights, workers, key, job, done);
      });
  if (joined == ConnectionFlights::Joined::kFull) {
    return done(OverloadedError());
  }
  if (joined == ConnectionFlights::Joined::kJoined) return;
  const absl::Status accepted =
      workers.Run(key.provider, Workers::Lane::kCaller,
                  [&flights, key, job = std::move(job), done] {
                    const absl::StatusOr<v1::Connection> answer = job();
                    flights.Land(key, RefreshResult{});
                    done(answer);
                  });
  if (!accepted.ok()) {
    flights.Land(key, RefreshResult{});
    done(accepted);
  }
}

}  // namespace tokenbroker
