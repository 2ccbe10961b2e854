// SPDX-License-Identifier: Apache-2.0
#include "broker/pace.h"

#include <algorithm>

#include "broker/errors.h"

namespace tokenbroker {
namespace {

constexpr absl::Duration kSuspendedProbe = absl::Minutes(1);
constexpr int kFailuresToBreak = 10;
constexpr absl::Duration kFirstBrokenProbe = absl::Seconds(1);
constexpr absl::Duration kLastBrokenProbe = absl::Seconds(30);

}  // namespace

absl::Status Pace::Standing(absl::string_view provider, absl::Time now) {
  MutexLock lock(&mutex_);
  return StandingOf(provider, states_[provider], now);
}

absl::Status Pace::MayAsk(absl::string_view provider, absl::Time now) {
  MutexLock lock(&mutex_);
  State& state = states_[provider];
  absl::Status standing = StandingOf(provider, state, now);
  if (!standing.ok()) return standing;
  switch (state.mode) {
    case Mode::kOpen:
      break;
    case Mode::kSuspended:
      state.next_probe = now + kSuspendedProbe;
      break;
    case Mode::kBroken:
      // Until its outcome is learned no other goes.
      state.probing = true;
      state.next_probe = now + kLastBrokenProbe;
      break;
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
      state.mode = Mode::kSuspended;
      state.next_probe = now + kSuspendedProbe;
      break;
    case OutcomeClass::kSuccess:
    case OutcomeClass::kGrantDead:
      state.mode = Mode::kOpen;
      state.failures = 0;
      break;
    case OutcomeClass::kTransient:
    case OutcomeClass::kNotSent:
    case OutcomeClass::kUnknown:
      LearnFailure(now, &state);
      break;
  }
}

bool Pace::IsSuspended(absl::string_view provider) {
  MutexLock lock(&mutex_);
  const auto state = states_.find(provider);
  return state != states_.end() && state->second.mode == Mode::kSuspended;
}

absl::Status Pace::StandingOf(absl::string_view provider, const State& state,
                              absl::Time now) {
  const absl::Time until = state.mode == Mode::kOpen
                               ? state.paused_until
                               : std::max(state.paused_until, state.next_probe);
  if (now >= until) return absl::OkStatus();
  return state.mode == Mode::kSuspended
             ? ProviderMisconfiguredError(provider)
             : ProviderUnavailableError(provider, until - now);
}

void Pace::LearnFailure(absl::Time now, State* state) {
  ++state->failures;
  switch (state->mode) {
    case Mode::kSuspended:
      return;
    case Mode::kOpen:
      if (state->failures < kFailuresToBreak) return;
      state->mode = Mode::kBroken;
      state->probe_wait = kFirstBrokenProbe;
      break;
    case Mode::kBroken:
      // What was under way when it broke says nothing new.
      if (!state->probing) return;
      state->probe_wait = std::min(state->probe_wait * 2, kLastBrokenProbe);
      break;
  }
  state->probing = false;
  state->next_probe = now + state->probe_wait;
}

}  // namespace tokenbroker
