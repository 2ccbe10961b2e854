// SPDX-License-Identifier: Apache-2.0
#include "broker/gate.h"

#include <algorithm>

namespace tokenbroker {
namespace {

constexpr absl::Duration kBurst = absl::Milliseconds(50);

}  // namespace

Gate::Gate(const GateLimits& limits)
    : limits_(limits),
      burst_(std::max(absl::ZeroDuration(), kBurst - limits.interval)) {}

absl::Duration Gate::Wait(absl::Time now) {
  // A clock that was set back would make it wait until it catches up.
  next_ = std::min(next_, now + limits_.interval + burst_);
  return next_ - burst_ - now;
}

void Gate::Enter(absl::Time now, bool counted) {
  ++running_;
  if (counted) next_ = std::max(next_, now) + limits_.interval;
}

}  // namespace tokenbroker
