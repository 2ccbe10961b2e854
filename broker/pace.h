// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_PACE_H_
#define TOKENBROKER_BROKER_PACE_H_

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/mutex.h"
#include "broker/provider.h"

namespace tokenbroker {

class EventLog;

// Whether a provider may be asked now. Learns from every outcome:
//
//   OPEN -- an answer asks not to come back before --> paused until then
//   OPEN -- our client is refused ------------------> SUSPENDED
//   OPEN -- ten failures without a success between -> BROKEN
//
// While suspended one probe a minute goes through, while broken one after a
// second, then after two, four, ... thirty. Tokens, or a word about the grant,
// open it again. A pause holds in every state.
//
// How many may be asked at a time is the gate's business (gate.h). Holds one
// entry per configured provider. Thread-safe.
class Pace {
 public:
  // OK, or what a caller is told: PROVIDER_MISCONFIGURED while suspended,
  // PROVIDER_UNAVAILABLE with the time to wait while paused or broken.
  absl::Status Standing(absl::string_view provider, absl::Time now);

  // The same, but an OK while suspended or broken is the one probe: use it.
  absl::Status MayAsk(absl::string_view provider, absl::Time now);

  // What an outcome changed.
  enum class Change { kNone, kOpened, kSuspended, kBroken };
  Change Learn(absl::string_view provider, const Outcome& outcome,
               absl::Time now);

  bool IsSuspended(absl::string_view provider);

 private:
  enum class Mode { kOpen, kSuspended, kBroken };

  struct State {
    absl::Time paused_until = absl::InfinitePast();
    Mode mode = Mode::kOpen;
    // Since the last success.
    int failures = 0;
    // While not open.
    absl::Time next_probe = absl::InfinitePast();
    // While broken: a probe's outcome is awaited; the wait after the last one.
    bool probing = false;
    absl::Duration probe_wait;
  };

  static absl::Status StandingOf(absl::string_view provider, const State& state,
                                 absl::Time now);
  static Change LearnFailure(absl::Time now, State* state);

  Mutex mutex_;
  absl::flat_hash_map<std::string, State> states_ ABSL_GUARDED_BY(mutex_);
};

// Tells the operator.
void LogChange(const EventLog& log, absl::string_view provider,
               Pace::Change change);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_PACE_H_
