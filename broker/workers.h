// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_WORKERS_H_
#define TOKENBROKER_BROKER_WORKERS_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "broker/mutex.h"

namespace tokenbroker {

// Runs what may wait for a provider or the disk: a fixed number of threads and
// a bounded queue. Thread-safe.
class Workers {
 public:
  // What a waiting caller asked for goes before what is merely due.
  enum class Lane { kCaller, kDue };

  // At most `queue_limit` tasks wait in each lane.
  Workers(int threads, size_t queue_limit);
  // Drains.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // OVERLOADED if the lane is full, DRAINING after Drain: the task is dropped.
  absl::Status Run(Lane lane, std::function<void()> task);

  // Whether nothing waits and nothing runs.
  bool IsIdle();

  // Accepts nothing any more and returns when everything accepted has run.
  void Drain();

 private:
  void Work();

  const size_t queue_limit_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> caller_lane_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::function<void()>> due_lane_ ABSL_GUARDED_BY(mutex_);
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  // Constant after construction, but for Drain's join.
  std::vector<std::thread> threads_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_WORKERS_H_
