// SPDX-License-Identifier: Apache-2.0
#include "broker/connection_flights.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "broker/errors.h"

namespace tokenbroker {
namespace {

struct Lonely {
  ConnectionFlights& flights;
  Workers& workers;
  std::vector<ConnectionKey> keys;
  std::function<absl::StatusOr<v1::Connection>()> job;
  std::function<void(const absl::StatusOr<v1::Connection>&)> done;
};

// Lands the first `count` flights.
void Land(const Lonely& lonely, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    lonely.flights.Land(lonely.keys[i], RefreshResult{});
  }
}

// Leads the flights from the `led`-th on, one after the other: two jobs that
// want the same ones wait for each other only in one order.
void LeadFrom(size_t led, const std::shared_ptr<const Lonely>& lonely) {
  for (; led < lonely->keys.size(); ++led) {
    const auto joined = lonely->flights.Lead(
        lonely->keys[led],
        [led, lonely](const RefreshResult&) { LeadFrom(led, lonely); });
    if (joined == ConnectionFlights::Joined::kJoined) return;
    if (joined == ConnectionFlights::Joined::kFull) {
      Land(*lonely, led);
      return lonely->done(OverloadedError());
    }
  }
  const absl::Status accepted = lonely->workers.Run(
      lonely->keys.front().provider, Workers::Lane::kCaller, [led, lonely] {
        const absl::StatusOr<v1::Connection> answer = lonely->job();
        Land(*lonely, led);
        lonely->done(answer);
      });
  if (!accepted.ok()) {
    Land(*lonely, led);
    lonely->done(accepted);
  }
}

}  // namespace

void RunAlone(
    ConnectionFlights& flights, Workers& workers,
    const std::vector<ConnectionKey>& keys,
    const std::function<absl::StatusOr<v1::Connection>()>& job,
    const std::function<void(const absl::StatusOr<v1::Connection>&)>& done) {
  LeadFrom(0, std::make_shared<const Lonely>(
                  Lonely{flights, workers, keys, job, done}));
}

std::vector<ConnectionKey> RowsOfCode(const ProviderDirectory& providers,
                                      const ConnectionKey& key) {
  std::vector<ConnectionKey> keys = {key};
  for (const config::v1::Provider& provider : providers.List()) {
    if (provider.name() != key.provider) continue;
    for (const auto& named : provider.answer().named_tokens()) {
      keys.push_back(NamedKey(key.provider, key.subject, named.name()));
    }
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace tokenbroker
