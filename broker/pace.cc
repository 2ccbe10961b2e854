// SPDX-License-Identifier: Apache-2.0
#include "broker/pace.h"

#include <algorithm>

#include "broker/errors.h"

namespace tokenbroker {
namespace {

constexpr absl::Duration kProbeInterval = absl::Minutes(1);

}  // namespace

absl::Status Pace::MayAsk(absl::string_view provider, absl::Time now) {
  MutexLock lock(&mutex_);
  State& state = states_[provider];
  if (state.suspended) {
    if (now < std::max(state.next_probe, state.paused_until)) {
      return ProviderMisconfiguredError(provider);
    }
    state.next_probe = now + kProbeInterval;
    return absl::OkStatus();
  }
  if (now < state.paused_until) {
    return ProviderUnavailableError(provider, state.paused_until - now);
  }
  return absl::OkStatus();
}

void Pace::Learn(absl::string_view provider, const Outcome& outcome,
                 absl::Time now) {
  MutexLock lock(&mutex_);
  State& state = states_[provider];
  if (outcome.retry_after > absl::ZeroDuration()) {
    state.paused_until =
        std::max(state.paused_until, now + outcome.retry_after);
  }
  switch (outcome.outcome_class) {
    case OutcomeClass::kClientRejected:
      state.suspended = true;
      state.next_probe = now + kProbeInterval;
      break;
    case OutcomeClass::kSuccess:
    case OutcomeClass::kGrantDead:
      state.suspended = false;
      break;
    case OutcomeClass::kTransient:
    case OutcomeClass::kNotSent:
    case OutcomeClass::kUnknown:
      break;
  }
}

bool Pace::IsSuspended(absl::string_view provider) {
  MutexLock lock(&mutex_);
  const auto state = states_.find(provider);
  return state != states_.end() && state->second.suspended;
}

}  // namespace tokenbroker
