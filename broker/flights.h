// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_FLIGHTS_H_
#define TOKENBROKER_BROKER_FLIGHTS_H_

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "broker/mutex.h"

namespace tokenbroker {

// One job per key; whoever comes while it flies shares its result. All waiting
// in the broker happens here, and costs no thread. Thread-safe.
//
//   switch (flights.Join(key, done)) {
//     case kLeads: have somebody do the job and call flights.Land(key, result);
//     case kJoined: nothing, `done` will be called;
//     case kFull: nobody will call `done`.
//   }
//
// Whatever must not run beside such a job (a deletion) takes the lead itself.
template <typename Key, typename Result>
class Flights {
 public:
  using Done = std::function<void(const Result&)>;
  enum class Joined { kLeads, kJoined, kFull };

  // At most `waiter_limit` calls of all flights wait.
  explicit Flights(size_t waiter_limit) : waiter_limit_(waiter_limit) {}

  // `done` may be empty. It is called once, by whoever lands the flight, under
  // no lock; it must not block.
  Joined Join(const Key& key, Done done) {
    MutexLock lock(&mutex_);
    if (done && waiters_ >= waiter_limit_) return Joined::kFull;
    const auto [flight, leads] = flights_.try_emplace(key);
    if (done) {
      flight->second.push_back(std::move(done));
      ++waiters_;
    }
    return leads ? Joined::kLeads : Joined::kJoined;
  }

  // Like Join for a job that needs a flight of its own: if another flies, joins
  // that one, and `again` should call Lead once more. On kLeads `again` is
  // dropped.
  Joined Lead(const Key& key, Done again) {
    MutexLock lock(&mutex_);
    const auto [flight, leads] = flights_.try_emplace(key);
    if (leads) return Joined::kLeads;
    if (waiters_ >= waiter_limit_) return Joined::kFull;
    flight->second.push_back(std::move(again));
    ++waiters_;
    return Joined::kJoined;
  }

  // Ends the flight and calls everybody who joined it.
  void Land(const Key& key, const Result& result) {
    std::vector<Done> landed;
    {
      MutexLock lock(&mutex_);
      const auto flight = flights_.find(key);
      if (flight == flights_.end()) return;
      landed = std::move(flight->second);
      waiters_ -= landed.size();
      flights_.erase(flight);
    }
    for (const Done& done : landed) done(result);
  }

 private:
  const size_t waiter_limit_;
  Mutex mutex_;
  absl::flat_hash_map<Key, std::vector<Done>> flights_ ABSL_GUARDED_BY(mutex_);
  size_t waiters_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_FLIGHTS_H_
