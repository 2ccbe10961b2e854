// SPDX-License-Identifier: Apache-2.0
//
// Rules: is this access token good enough, and when is it due for refresh.
#ifndef TOKENBROKER_BROKER_FRESHNESS_H_
#define TOKENBROKER_BROKER_FRESHNESS_H_

#include <optional>

#include "absl/time/time.h"

namespace tokenbroker {

// The life of an access token: [obtain_time, expire_time), the latter
// InfiniteFuture if the provider gave none.
//
// One that was obtained more than a minute from now was obtained under another
// clock (the machine's was set back between two runs): nobody knows when it
// ends, so it counts as ended. A life without an end needs no clock.
struct TokenLife {
  absl::Time obtain_time;
  absl::Time expire_time = absl::InfiniteFuture();
};

// Whether the life began under this clock.
bool IsOfThisClock(const TokenLife& life, absl::Time now);

// Whether the token is known not to have expired.
bool IsAlive(const TokenLife& life, absl::Time now);

// Whether the token may be served without a refresh to a caller who wants it
// good for `min_ttl` (absent: one minute or a tenth of the life). No demand
// counts for more than nine tenths of the life, so that asking for too much
// gets the best token there is and not a refresh for every call.
bool IsFresh(const TokenLife& life, absl::Time now,
             std::optional<absl::Duration> min_ttl);

// When to refresh by the clock: at three quarters of the life, less a jitter of
// up to 0.15 of it (`jitter` in [0, 1)) that dissolves herds, and never later
// than 10 s (half the life, if that is shorter) before the end. InfiniteFuture
// if the life has no end.
absl::Time DueTime(const TokenLife& life, double jitter);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_FRESHNESS_H_
