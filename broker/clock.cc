// SPDX-License-Identifier: Apache-2.0
#include "broker/clock.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace tokenbroker {
namespace {

// How much of the time that passed may be added or left out.
constexpr int kSlewDivisor = 100;

// absl::Now() would interpolate, and notice a step late.
absl::Time WallTime() {
  timespec now = {};
  clock_gettime(CLOCK_REALTIME, &now);
  return absl::TimeFromTimespec(now);
}

absl::Duration Uptime() {
  timespec uptime = {};
  clock_gettime(CLOCK_BOOTTIME, &uptime);
  return absl::DurationFromTimespec(uptime);
}

}  // namespace

SystemClock::SystemClock() : SystemClock(WallTime, Uptime) {}

SystemClock::SystemClock(std::function<absl::Time()> wall,
                         std::function<absl::Duration()> uptime)
    : wall_(std::move(wall)),
      uptime_(std::move(uptime)),
      last_uptime_(uptime_()),
      time_(wall_()) {}

absl::Time SystemClock::TimeNow() const { return TimeAt(wall_(), uptime_()); }

absl::Duration SystemClock::WallOffset() const {
  const absl::Time wall = wall_();
  return wall - TimeAt(wall, uptime_());
}

absl::Time SystemClock::TimeAt(absl::Time wall, absl::Duration uptime) const {
  MutexLock lock(&mutex_);
  // Another thread may have read later and come first.
  const absl::Duration passed =
      std::max(absl::ZeroDuration(), uptime - last_uptime_);
  last_uptime_ += passed;
  time_ += passed;
  const absl::Duration most = passed / kSlewDivisor;
  time_ += std::clamp(wall - time_, -most, most);
  return time_;
}

}  // namespace tokenbroker
