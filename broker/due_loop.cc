// SPDX-License-Identifier: Apache-2.0
#include "broker/due_loop.h"

#include <utility>
#include <vector>

#include "broker/clock.h"
#include "broker/event_log.h"
#include "broker/provider_directory.h"
#include "broker/status_macros.h"

namespace tokenbroker {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(200);
// How many rows are read at once, and how many of one provider a tick looks at.
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
  if (!pace_.Standing(provider, now).ok()) return absl::OkStatus();
  Cursor& cursor = cursors_[provider];
  for (int looked = 0; looked < kLookAhead; looked += kBatch) {
    ABSL_ASSIGN_OR_RETURN(const std::vector<DueEntry> due,
                          seams_.store.Due(provider, cursor.seen, now, kBatch));
    for (const DueEntry& entry : due) {
      if (!HandOut(entry) && !std::exchange(cursor.left, true)) {
        cursor.left_behind = cursor.seen;
      }
      cursor.seen = entry;
    }
    if (due.size() == kBatch) continue;
    // That was all. What was left is looked at again in the next tick.
    if (std::exchange(cursor.left, false)) cursor.seen = cursor.left_behind;
    break;
  }
  return absl::OkStatus();
}

// False if there is no room in its lane.
bool DueLoop::HandOut(const DueEntry& entry) {
  const Workers::Lane lane = entry.urgent ? Workers::Lane::kUrgent
                             : cache_.Contains(entry.key)
                                 ? Workers::Lane::kRecent
                                 : Workers::Lane::kDormant;
  return get_access_token_.RefreshDue(entry.key, lane).ok();
}

absl::Status DueLoop::Sweep(absl::Time now) {
  ABSL_ASSIGN_OR_RETURN(const int forgotten,
                        seams_.store.ForgetExpired(now, kForgetBatch));
  // After a full batch there may be more.
  next_sweep_ = forgotten < kForgetBatch ? now + kSweep : now;
  return recovery_.Sweep(now - kAbandoned);
}

}  // namespace tokenbroker
