// SPDX-License-Identifier: Apache-2.0
//
// Seam: what time it is. Under Abseil's names, without its sleeps (absl::Clock
// comes with Abseil 2026-05).
#ifndef TOKENBROKER_BROKER_CLOCK_H_
#define TOKENBROKER_BROKER_CLOCK_H_

#include "absl/time/time.h"

namespace tokenbroker {

// Thread-safe. Read it once at the door of an act and pass the time on.
class Clock {
 public:
  virtual ~Clock() = default;

  // The wall clock's time. It may jump either way.
  virtual absl::Time TimeNow() const = 0;
};

// The machine's clock.
class SystemClock final : public Clock {
 public:
  absl::Time TimeNow() const override;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_CLOCK_H_
