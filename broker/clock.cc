// SPDX-License-Identifier: Apache-2.0
#include "broker/clock.h"

#include "absl/time/clock.h"

namespace tokenbroker {

absl::Time SystemClock::TimeNow() const { return absl::Now(); }

}  // namespace tokenbroker
