// SPDX-License-Identifier: Apache-2.0
#include "broker/due_loop.h"

#include <utility>
#include <vector>

#include "broker/clock.h"
#include "broker/event_log.h"
#include "broker/provider_directory.h"
#include "broker/status_macros.h"

namespace tokenbroker {

using Lane = Workers::Lane;

namespace {

constexpr absl::Duration kTick = absl::Milliseconds(200);
// How many rows are read at once, and how many a walk looks at in a tick.
constexpr int kBatch = 1000;
constexpr int kLookAhead = 20 * kBatch;
// Every so often the cursors go back to the start, for rows that were handed
// out and could not be refreshed.
constexpr absl::Duration kRewind = absl::Seconds(30);
constexpr absl::Duration kSweep = absl::Minutes(1);
constexpr int kForgetBatch = 1000;
// Longer than any exchange takes: such an attempt is nobody's any more.
constexpr absl::Duration kAbandoned = absl::Minutes(2);

}  // namespace

DueLoop::DueLoop(const Seams& seams, GetAccessToken& get_access_token,
                 Recovery& recovery, TokenCache& cache, Pace& pace)
    : seams_(seams),
      get_access_token_(get_access_token),
      recovery_(recovery),
      cache_(cache),
      pace_(pace) {}

DueLoop::~DueLoop() { Stop(); }

void DueLoop::Start() {
  {
    MutexLock lock(&mutex_);
    running_ = true;
  }
  thread_ = std::thread([this] { Loop(); });
}

void DueLoop::Stop() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    running_ = false;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

absl::Status DueLoop::Tick(absl::Time now) {
  // A clock that was set back would leave rows behind the cursors.
  if (now >= next_rewind_ || now < last_tick_) {
    cursors_.clear();
    next_rewind_ = now + kRewind;
  }
  if (now < last_tick_) next_sweep_ = now;
  last_tick_ = now;
  if (seams_.store.Writable().ok()) {
    for (const auto& provider : seams_.providers.List()) {
      ABSL_RETURN_IF_ERROR(PollProvider(provider.name(), now));
    }
  }
  return now >= next_sweep_ ? Sweep(now) : absl::OkStatus();
}

absl::Status DueLoop::Health() const {
  MutexLock lock(&mutex_);
  if (!running_) return absl::UnavailableError("the due loop does not run");
  return last_tick_status_;
}

void DueLoop::Loop() {
  while (true) {
    absl::Status status = Tick(seams_.clock.TimeNow());
    MutexLock lock(&mutex_);
    if (!status.ok() && last_tick_status_.ok()) {
      seams_.log.Write(EventLog::Level::kError, "due_loop_failed",
                       {{"detail", status.message()}});
    }
    last_tick_status_ = std::move(status);
    if (!stopping_) changed_.WaitFor(&mutex_, kTick);
    if (stopping_) return;
  }
}

absl::Status DueLoop::PollProvider(const std::string& provider,
                                   absl::Time now) {
  if (!pace_.Standing(provider, now).ok()) {
    // What stands in its lanes comes out of them with nothing done, and is to
    // be found again as soon as it may be asked.
    cursors_.erase(provider);
    return absl::OkStatus();
  }
  for (const Lane lane : {Lane::kUrgent, Lane::kRecent, Lane::kDormant}) {
    ABSL_RETURN_IF_ERROR(Walk(provider, lane, now));
  }
  return absl::OkStatus();
}

absl::Status DueLoop::Walk(const std::string& provider, Lane lane,
                           absl::Time now) {
  std::optional<DueEntry>& seen = cursors_[provider][static_cast<size_t>(lane)];
  for (int looked = 0; looked < kLookAhead; looked += kBatch) {
    ABSL_ASSIGN_OR_RETURN(const std::vector<DueEntry> due,
                          seams_.store.Due(provider, seen, now, kBatch));
    for (const DueEntry& entry : due) {
      const Lane its_lane = LaneOf(entry);
      // No room: the next tick goes on here.
      if (its_lane <= lane &&
          !get_access_token_.RefreshDue(entry.key, its_lane).ok()) {
        return absl::OkStatus();
      }
      seen = entry;
    }
    if (due.size() < kBatch) break;
  }
  return absl::OkStatus();
}

Workers::Lane DueLoop::LaneOf(const DueEntry& entry) {
  if (entry.urgent) return Lane::kUrgent;
  return cache_.Contains(entry.key) ? Lane::kRecent : Lane::kDormant;
}

absl::Status DueLoop::Sweep(absl::Time now) {
  ABSL_ASSIGN_OR_RETURN(const int forgotten,
                        seams_.store.ForgetExpired(now, kForgetBatch));
  // After a full batch there may be more.
  next_sweep_ = forgotten < kForgetBatch ? now + kSweep : now;
  return recovery_.Sweep(now - kAbandoned);
}

}  // namespace tokenbroker
