// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_GATE_H_
#define TOKENBROKER_BROKER_GATE_H_

#include <limits>

#include "absl/time/time.h"

namespace tokenbroker {

struct GateLimits {
  // At least one.
  int concurrent = std::numeric_limits<int>::max();
  // Starts are at least this far apart on average.
  absl::Duration interval = absl::ZeroDuration();
};

// Rule: how many may be under way at a time, and how many may start in a time.
// Starts are spread evenly; at most a twentieth of a second's share is made up
// for at once. Not thread-safe: its owner's lock guards it.
class Gate {
 public:
  explicit Gate(const GateLimits& limits);

  // Whether one more may be under way.
  bool HasRoom() const { return running_ < limits_.concurrent; }

  // How long until the next may start; zero or less: now.
  absl::Duration Wait(absl::Time now);

  // One starts; `counted` says whether it counts for the rate.
  void Enter(absl::Time now, bool counted);
  void Leave() { --running_; }

 private:
  const GateLimits limits_;
  const absl::Duration burst_;
  int running_ = 0;
  // When the next one would start if all were evenly spread.
  absl::Time next_ = absl::InfinitePast();
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_GATE_H_
