// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_WORKERS_H_
#define TOKENBROKER_BROKER_WORKERS_H_

#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "broker/clock.h"
#include "broker/gate.h"
#include "broker/mutex.h"
#include "broker/pace.h"

namespace tokenbroker {

// Runs what may wait for a provider or the disk, on threads that are made as
// they are needed. Every task stands in the queue of the provider it will ask,
// or in the one of those that ask none:
//
//   queue of mail     urgent | caller | recent | dormant   -> gate -> a thread
//   queue of calendar urgent | caller | recent | dormant   -> gate -> a thread
//   no provider       urgent | caller | recent | dormant   ---------> a thread
//
// A queue's gate bounds how many of its tasks run and start, so that a slow
// provider holds its own share of the threads and nobody else's; the queues
// take turns. Within a queue a lane goes before the next one. A task of a
// provider that cannot be asked now will only say so, and does not count for
// the rate. Thread-safe.
class Workers {
 public:
  // Why it is done: a refresh whose outcome is unknown must be tried again; a
  // caller waits; it is due and in use; it is due.
  enum class Lane { kUrgent, kCaller, kRecent, kDormant };
  static constexpr int kLanes = 4;

  struct Limits {
    int threads = 1024;
    // Tasks that wait in each queue: for callers, and in each other lane, which
    // is filled again from the due index.
    size_t waiting_callers = 10'000;
    size_t waiting_due = 2'000;
    // Of the providers that have any.
    absl::flat_hash_map<std::string, GateLimits> gates;
  };

  // The provider of tasks that ask none.
  static constexpr absl::string_view kNoProvider = "";

  Workers(Limits limits, const Clock& clock, Pace& pace);
  // Drains.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // OVERLOADED if the lane is full, DRAINING after Drain: the task is dropped.
  absl::Status Run(absl::string_view provider, Lane lane,
                   std::function<void()> task);

  // Whether nothing waits and nothing runs.
  bool IsIdle();

  // Accepts nothing any more and returns when everything accepted has run;
  // rates do not count any more, for nothing is sent.
  void Drain();

 private:
  using Task = std::function<void()>;

  struct Queue {
    Queue(absl::string_view name, const GateLimits& limits)
        : provider(name), gate(limits) {}
    const std::string provider;
    Gate gate;
    std::array<std::deque<Task>, kLanes> lanes;

    bool empty() const;
    Task Pop();
  };

  Queue& QueueOf(absl::string_view provider)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Work();
  // A queue whose next task may start, entered; null if there is none, and then
  // the time to wait for one.
  Queue* NextQueue(absl::Duration* wait) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Sees to it that somebody looks at the queues.
  void WakeOne() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WaitForWork(absl::Duration wait) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Limits limits_;
  const Clock& clock_;
  Pace& pace_;

  Mutex mutex_;
  CondVar changed_;
  absl::flat_hash_map<std::string, Queue*> index_ ABSL_GUARDED_BY(mutex_);
  // Every queue; the one whose turn is next comes first.
  std::list<Queue> queues_ ABSL_GUARDED_BY(mutex_);
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  int idle_threads_ ABSL_GUARDED_BY(mutex_) = 0;
  // One thread watches the rates; the others sleep until they are called.
  bool watched_ ABSL_GUARDED_BY(mutex_) = false;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_WORKERS_H_
