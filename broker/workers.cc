// SPDX-License-Identifier: Apache-2.0
#include "broker/workers.h"

#include <utility>

#include "broker/errors.h"

namespace tokenbroker {

Workers::Workers(int threads, size_t queue_limit) : queue_limit_(queue_limit) {
  threads_.reserve(threads);
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Work(); });
  }
}

Workers::~Workers() { Drain(); }

absl::Status Workers::Run(Lane lane, std::function<void()> task) {
  MutexLock lock(&mutex_);
  auto& queue = lane == Lane::kCaller ? caller_lane_ : due_lane_;
  if (draining_) return DrainingError();
  if (queue.size() >= queue_limit_) return OverloadedError();
  queue.push_back(std::move(task));
  changed_.Signal();
  return absl::OkStatus();
}

bool Workers::IsIdle() {
  MutexLock lock(&mutex_);
  return caller_lane_.empty() && due_lane_.empty() && running_ == 0;
}

void Workers::Drain() {
  {
    MutexLock lock(&mutex_);
    draining_ = true;
    changed_.SignalAll();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Workers::Work() {
  while (true) {
    std::function<void()> task;
    {
      MutexLock lock(&mutex_);
      while (caller_lane_.empty() && due_lane_.empty()) {
        if (draining_) return;
        changed_.Wait(&mutex_);
      }
      auto& queue = caller_lane_.empty() ? due_lane_ : caller_lane_;
      task = std::move(queue.front());
      queue.pop_front();
      ++running_;
    }
    task();
    MutexLock lock(&mutex_);
    --running_;
  }
}

}  // namespace tokenbroker
