// SPDX-License-Identifier: Apache-2.0
#include "broker/workers.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "broker/errors.h"

namespace tokenbroker {
namespace {

// Rates are those of an injected clock, waiting is real: look this often.
constexpr absl::Duration kLongestWatch = absl::Milliseconds(20);
constexpr absl::Duration kShortestWatch = absl::Milliseconds(1);

}  // namespace

bool Workers::Queue::empty() const {
  return std::all_of(lanes.begin(), lanes.end(),
                     [](const auto& lane) { return lane.empty(); });
}

Workers::Task Workers::Queue::Pop() {
  const auto lane = std::find_if(lanes.begin(), lanes.end(),
                                 [](const auto& l) { return !l.empty(); });
  Task task = std::move(lane->front());
  lane->pop_front();
  return task;
}

Workers::Workers(Limits limits, const Clock& clock, Pace& pace)
    : limits_(std::move(limits)), clock_(clock), pace_(pace) {
  MutexLock lock(&mutex_);
  queues_.emplace_back(kNoProvider, GateLimits{});
  index_[kNoProvider] = &queues_.back();
  for (const auto& [provider, gate] : limits_.gates) {
    queues_.emplace_back(provider, gate);
    index_[provider] = &queues_.back();
  }
}

Workers::~Workers() { Drain(); }

absl::Status Workers::Run(absl::string_view provider, Lane lane,
                          std::function<void()> task) {
  MutexLock lock(&mutex_);
  if (draining_) return DrainingError();
  auto& tasks = QueueOf(provider).lanes[static_cast<size_t>(lane)];
  const size_t limit =
      lane == Lane::kCaller ? limits_.waiting_callers : limits_.waiting_due;
  if (tasks.size() >= limit) return OverloadedError();
  tasks.push_back(std::move(task));
  ++waiting_;
  WakeOne();
  return absl::OkStatus();
}

bool Workers::IsIdle() {
  MutexLock lock(&mutex_);
  return waiting_ == 0 && running_ == 0;
}

void Workers::Drain() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(&mutex_);
    draining_ = true;
    threads.swap(threads_);
    changed_.SignalAll();
  }
  for (std::thread& thread : threads) thread.join();
}

// A provider that is not configured is asked nothing.
Workers::Queue& Workers::QueueOf(absl::string_view provider) {
  const auto found = index_.find(provider);
  return found != index_.end() ? *found->second : *index_[kNoProvider];
}

void Workers::Work() {
  while (true) {
    Queue* queue = nullptr;
    Task task;
    {
      MutexLock lock(&mutex_);
      absl::Duration wait;
      while ((queue = NextQueue(&wait)) == nullptr) {
        if (draining_ && waiting_ == 0) return;
        WaitForWork(wait);
      }
      task = queue->Pop();
      --waiting_;
      ++running_;
      if (waiting_ > 0) WakeOne();
    }
    task();
    task = nullptr;
    MutexLock lock(&mutex_);
    queue->gate.Leave();
    --running_;
    if (draining_ && waiting_ == 0) changed_.SignalAll();
  }
}

Workers::Queue* Workers::NextQueue(absl::Duration* wait) {
  *wait = absl::InfiniteDuration();
  const absl::Time now = clock_.TimeNow();
  for (auto queue = queues_.begin(); queue != queues_.end(); ++queue) {
    if (queue->empty() || !queue->gate.HasRoom()) continue;
    const bool counted =
        !draining_ && pace_.Standing(queue->provider, now).ok();
    if (counted) {
      const absl::Duration left = queue->gate.Wait(now);
      if (left > absl::ZeroDuration()) {
        *wait = std::min(*wait, left);
        continue;
      }
    }
    queue->gate.Enter(now, counted);
    queues_.splice(queues_.end(), queues_, queue);
    return &*queue;
  }
  return nullptr;
}

void Workers::WakeOne() {
  if (idle_threads_ > 0) {
    changed_.Signal();
  } else if (!draining_ &&
             threads_.size() < static_cast<size_t>(limits_.threads)) {
    try {
      threads_.emplace_back([this] { Work(); });
    } catch (const std::system_error&) {
      // The machine has no more (a container's limit): those that are there do
      // the work. Without any there is no broker.
      if (threads_.empty()) throw;
    }
  }
}

void Workers::WaitForWork(absl::Duration wait) {
  ++idle_threads_;
  if (wait == absl::InfiniteDuration() || watched_) {
    changed_.Wait(&mutex_);
  } else {
    watched_ = true;
    changed_.WaitFor(&mutex_, std::clamp(wait, kShortestWatch, kLongestWatch));
    watched_ = false;
  }
  --idle_threads_;
}

}  // namespace tokenbroker
