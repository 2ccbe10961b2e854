// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_DUE_LOOP_H_
#define TOKENBROKER_BROKER_DUE_LOOP_H_

#include <array>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "broker/get_access_token.h"
#include "broker/mutex.h"
#include "broker/pace.h"
#include "broker/recovery.h"
#include "broker/seams.h"
#include "broker/token_cache.h"
#include "broker/token_store.h"
#include "broker/workers.h"

namespace tokenbroker {

// Refreshes what is due, and sweeps up: forgets expired authorizations, ends
// attempts that a failed write left open. Every lane of every provider has a
// walk of its own along the due index, from a cursor, so that a tick costs as
// much as is due and not as much as was:
//
//   urgent   ---------------------------------->  retries of unknown outcomes
//   recent   ------------------------>            those and tokens in use
//   dormant  ----->                               everything
//
// A walk stops where its lane is full and goes on there. So in a backlog what
// is in use is found far ahead, and what is dormant waits in the index. A
// provider that cannot be asked now, or a store that cannot be written, leaves
// all rows there.
// One thread of its own; the public functions may be called from any thread.
class DueLoop {
 public:
  DueLoop(const Seams& seams, GetAccessToken& get_access_token,
          Recovery& recovery, TokenCache& cache, Pace& pace);
  // Stops.
  ~DueLoop();

  // Ticks every fifth of a second until Stop.
  void Start();
  // Returns when the current tick is over; starts nothing any more.
  void Stop();

  // One poll of every provider's index. The error is the store's. Not to be
  // called beside a running thread.
  absl::Status Tick(absl::Time now);

  // OK if the loop runs and its last tick went well.
  absl::Status Health() const;

 private:
  // Where each walk along a provider's index goes on: behind this.
  using Cursors = std::array<std::optional<DueEntry>, Workers::kLanes>;

  void Loop();
  absl::Status PollProvider(const std::string& provider, absl::Time now);
  absl::Status Walk(const std::string& provider, Workers::Lane lane,
                    absl::Time now);
  Workers::Lane LaneOf(const DueEntry& entry);
  absl::Status Sweep(absl::Time now);

  const Seams seams_;
  GetAccessToken& get_access_token_;
  Recovery& recovery_;
  TokenCache& cache_;
  Pace& pace_;

  // Of the ticking thread alone.
  absl::flat_hash_map<std::string, Cursors> cursors_;
  absl::Time next_rewind_ = absl::InfinitePast();
  absl::Time next_sweep_ = absl::InfinitePast();
  absl::Time last_tick_ = absl::InfinitePast();

  mutable Mutex mutex_;
  CondVar changed_;
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status last_tick_status_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_DUE_LOOP_H_
