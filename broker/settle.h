// SPDX-License-Identifier: Apache-2.0
//
// Rule: what a connection is after an attempt ended so. Pure; the whole state
// machine stands here.
//
//                      success
//            +---------------------------------+
//            v                                 |
//   ACTIVE ----- sent, no usable answer ---> OUTCOME_UNKNOWN
//     |                                        |
//     | grant dead, and again                  | grant dead (where a rotation
//     |                                        | can be lost; else: again)
//     v                                        v
//   REAUTHORIZATION_REQUIRED             REAUTHORIZATION_REQUIRED
//     (GRANT_REJECTED)                     (ROTATION_LOST)
//
// Whatever was not sent, or was refused for now, or was refused for a fault of
// ours, moves the next try and nothing else.
#ifndef TOKENBROKER_BROKER_SETTLE_H_
#define TOKENBROKER_BROKER_SETTLE_H_

#include "absl/time/time.h"
#include "broker/freshness.h"
#include "broker/provider.h"
#include "tokenbroker/config/v1/provider.pb.h"
#include "tokenbroker/storage/v1/records.pb.h"

namespace tokenbroker {

struct SettleContext {
  absl::Time now;
  // When the attempt's request was sent.
  absl::Time sent_time;
  // Rotation, refresh, scopes' other names and the grant's life are read.
  const config::v1::Provider& provider;
  // In [0, 1).
  double jitter = 0;
};

// The connection after a refresh of `current` ended with `outcome`. On success
// its generation is one higher and its sealed tokens are still the old ones:
// seal the new ones into it.
storage::v1::ConnectionRecord SettleRefresh(
    const storage::v1::ConnectionRecord& current, const Outcome& outcome,
    const SettleContext& context);

// The connection after a code brought `tokens`. `current` is the connection it
// renews, or a default record that names only provider and subject; of
// `authorization` the scopes and the attributes are read.
storage::v1::ConnectionRecord SettleCode(
    const storage::v1::ConnectionRecord& current, const TokenSet& tokens,
    const storage::v1::AuthorizationRecord& authorization,
    const SettleContext& context);

// How long to wait after `failures` failures in a row: exponential with full
// jitter, at least half a second, at most five minutes.
absl::Duration Backoff(int failures, double jitter);

// The life of the record's access token.
TokenLife LifeOf(const storage::v1::ConnectionRecord& record);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_SETTLE_H_
