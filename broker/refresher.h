// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_REFRESHER_H_
#define TOKENBROKER_BROKER_REFRESHER_H_

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "broker/connection_key.h"
#include "broker/exchange.h"
#include "broker/metrics.h"
#include "broker/pace.h"
#include "broker/seams.h"
#include "broker/secret.h"
#include "broker/token_cache.h"

namespace tokenbroker {

// What an access token is wanted for; says whether a given one will do.
struct Demand {
  // Good for this long; absent for the default.
  std::optional<absl::Duration> min_ttl;
  // The API refused this one; empty if none.
  Secret rejected;
};

// Whether `token` may be served for `demand`.
bool Satisfies(const AccessToken& token, const Demand& demand, absl::Time now);

// How a refresh ended.
struct RefreshResult {
  // OK, or why there is no newer token. An API error.
  absl::Status status;
  // The current token, new or old, maybe expired; null if there is none.
  std::shared_ptr<const AccessToken> token;
  // Whether the provider was asked.
  bool exchanged = false;
  // The connection has ended, but with an answer that could not be read and may
  // be now: refresh once more to see.
  bool unread = false;
};

// Refreshes one connection, and is the only writer of refreshed tokens.
// Thread-safe, but one refresh of a connection at a time is the caller's duty
// (flights.h); the store refuses a second one. Blocks: call it on a worker.
class Refresher {
 public:
  Refresher(const Seams& seams, Exchange& exchange, TokenCache& cache,
            Pace& pace, Metrics& metrics);

  // Refreshes unless the stored token satisfies `demand`.
  RefreshResult Refresh(const ConnectionKey& key, const Demand& demand);

  // Refreshes if the connection is due by the clock.
  RefreshResult RefreshIfDue(const ConnectionKey& key);

  // How Refresh would end now, if the provider would not be asked; else
  // nothing. Does not block.
  std::optional<RefreshResult> WithoutAsking(const ConnectionKey& key,
                                             const Demand& demand);

  // The second half of the line, where a restart enters: settles `outcome` of
  // `attempt` on `current`, commits and publishes. `received_time` is when the
  // answer came.
  RefreshResult Conclude(const storage::v1::AttemptRecord& attempt,
                         const storage::v1::ConnectionRecord& current,
                         const config::v1::Provider& settings,
                         const Outcome& outcome, absl::Time received_time);

  // Reads the stored token, and keeps it in memory. An API error if there is
  // none to serve.
  RefreshResult Load(const ConnectionKey& key);

 private:
  // What is stored, and whether the provider is to be asked for more.
  struct Need {
    storage::v1::ConnectionRecord record;
    RefreshResult current;
    bool ask = false;
  };

  // `demand` null: whether it is due decides.
  Need Look(const ConnectionKey& key, const Demand* demand);
  RefreshResult RefreshFor(const ConnectionKey& key, const Demand* demand);
  RefreshResult Read(const ConnectionKey& key,
                     storage::v1::ConnectionRecord* record);
  std::optional<RefreshResult> ReadAgain(
      const storage::v1::ConnectionRecord& record, const Provider& provider);
  absl::Status SealNext(const storage::v1::ConnectionRecord& current,
                        const Outcome& outcome,
                        storage::v1::ConnectionRecord* next);
  void Count(const storage::v1::ConnectionRecord& current,
             const storage::v1::ConnectionRecord& next, const Outcome& outcome,
             absl::Duration unsafe_window);

  const Seams seams_;
  Exchange& exchange_;
  TokenCache& cache_;
  Pace& pace_;
  Metrics& metrics_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_REFRESHER_H_
