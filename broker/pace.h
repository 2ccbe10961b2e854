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

// Whether a provider may be asked now. Learns from every outcome:
//  - one that asks not to come back before a time pauses the provider;
//  - one that refuses our client suspends it: one probe a minute goes through
//    until one brings tokens, or a word about the grant.
// Holds one entry per configured provider. Thread-safe.
class Pace {
 public:
  // OK, PROVIDER_MISCONFIGURED while suspended, or PROVIDER_UNAVAILABLE while
  // paused. An OK while suspended is the minute's probe: use it.
  absl::Status MayAsk(absl::string_view provider, absl::Time now);

  void Learn(absl::string_view provider, const Outcome& outcome,
             absl::Time now);

  bool IsSuspended(absl::string_view provider);

 private:
  struct State {
    absl::Time paused_until = absl::InfinitePast();
    bool suspended = false;
    absl::Time next_probe = absl::InfinitePast();
  };

  Mutex mutex_;
  absl::flat_hash_map<std::string, State> states_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_PACE_H_
