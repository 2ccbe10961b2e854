// SPDX-License-Identifier: Apache-2.0
//
// Seam: what time it is. Under Abseil's names, without its sleeps (absl::Clock
// comes with Abseil 2026-05).
#ifndef TOKENBROKER_BROKER_CLOCK_H_
#define TOKENBROKER_BROKER_CLOCK_H_

#include <functional>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "broker/mutex.h"

namespace tokenbroker {

// Thread-safe. Read it once at the door of an act and pass the time on.
class Clock {
 public:
  virtual ~Clock() = default;

  // The time. Between two readings of one process it advances as a stopwatch
  // does, within 1 %, and never goes back; across a restart it may jump either
  // way.
  virtual absl::Time TimeNow() const = 0;
};

// The machine's clock, without its jumps: starts at the wall clock's time and
// advances as the machine's uptime does (suspension counts). While it differs
// from the wall clock, it closes in on it by 1 % of the time that passes: what
// NTP slews is followed exactly, a step of two hours is taken in over 200.
//
// Why 1 %: a token is refreshed with a quarter of its life left (freshness.h).
// A clock that is 1 % slow still refreshes it in time, and one that is 1 % fast
// costs 1 % more refreshes; a step backward taken at once would have dead
// tokens served, and one forward would make every token due together.
class SystemClock final : public Clock {
 public:
  SystemClock();
  // For tests: what the wall clock tells, and how long the machine is up.
  SystemClock(std::function<absl::Time()> wall,
              std::function<absl::Duration()> uptime);

  absl::Time TimeNow() const override;

  // How far the wall clock is ahead of this one; negative if it is behind.
  absl::Duration WallOffset() const;

 private:
  absl::Time TimeAt(absl::Time wall, absl::Duration uptime) const;

  const std::function<absl::Time()> wall_;
  const std::function<absl::Duration()> uptime_;
  mutable Mutex mutex_;
  // The latest uptime that was read, and what time it was then.
  mutable absl::Duration last_uptime_ ABSL_GUARDED_BY(mutex_);
  mutable absl::Time time_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_CLOCK_H_
