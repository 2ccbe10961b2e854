// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_TESTS_FAKES_MANUAL_CLOCK_H_
#define TOKENBROKER_TESTS_FAKES_MANUAL_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "broker/clock.h"
#include "broker/mutex.h"

namespace tokenbroker {

// Stands still until it is moved. Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(absl::Time now) : now_(now) {}

  absl::Time TimeNow() const override {
    MutexLock lock(&mutex_);
    return now_;
  }
  void Set(absl::Time now) {
    MutexLock lock(&mutex_);
    now_ = now;
  }
  void Advance(absl::Duration duration) {
    MutexLock lock(&mutex_);
    now_ += duration;
  }

 private:
  mutable Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_FAKES_MANUAL_CLOCK_H_
