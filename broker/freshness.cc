// SPDX-License-Identifier: Apache-2.0
#include "broker/freshness.h"

#include <algorithm>

namespace tokenbroker {
namespace {

// How far two runs' clocks may be apart.
constexpr absl::Duration kClockTolerance = absl::Minutes(1);

}  // namespace

bool IsOfThisClock(const TokenLife& life, absl::Time now) {
  return life.obtain_time - now <= kClockTolerance;
}

bool IsAlive(const TokenLife& life, absl::Time now) {
  if (life.expire_time == absl::InfiniteFuture()) return true;
  return IsOfThisClock(life, now) && now < life.expire_time;
}

bool IsFresh(const TokenLife& life, absl::Time now,
             std::optional<absl::Duration> min_ttl) {
  if (life.expire_time == absl::InfiniteFuture()) return true;
  const absl::Duration whole = life.expire_time - life.obtain_time;
  const absl::Duration wanted = min_ttl.has_value()
                                    ? std::min(*min_ttl, whole * 0.9)
                                    : std::min(absl::Minutes(1), whole * 0.1);
  return IsAlive(life, now) && life.expire_time - now >= wanted;
}

absl::Time DueTime(const TokenLife& life, double jitter) {
  if (life.expire_time == absl::InfiniteFuture()) {
    return absl::InfiniteFuture();
  }
  const absl::Duration whole = life.expire_time - life.obtain_time;
  const absl::Duration wanted = whole * 0.75 - whole * 0.15 * jitter;
  const absl::Duration latest = whole - std::min(whole / 2, absl::Seconds(10));
  return life.obtain_time + std::min(wanted, latest);
}

}  // namespace tokenbroker
