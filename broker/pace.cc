// SPDX-License-Identifier: Apache-2.0
#include "broker/pace.h"

#include <algorithm>
#include <utility>

#include "broker/errors.h"
#include "broker/event_log.h"

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

Pace::Change Pace::Learn(absl::string_view provider, const Outcome& outcome,
                         absl::Time now) {
  MutexLock lock(&mutex_);
  State& state = states_[provider];
  if (outcome.retry_after > absl::ZeroDuration()) {
    state.paused_until =
        std::max(state.paused_until, now + outcome.retry_after);
  }
  const Mode before = state.mode;
  switch (outcome.outcome_class) {
    case OutcomeClass::kClientRejected:
      state.mode = Mode::kSuspended;
      state.next_probe = now + kSuspendedProbe;
      return before == Mode::kSuspended ? Change::kNone : Change::kSuspended;
    case OutcomeClass::kSuccess:
    case OutcomeClass::kGrantDead:
      state.mode = Mode::kOpen;
      state.failures = 0;
      return before == Mode::kOpen ? Change::kNone : Change::kOpened;
    case OutcomeClass::kTransient:
    case OutcomeClass::kNotSent:
    case OutcomeClass::kUnknown:
      return LearnFailure(now, &state);
  }
  return Change::kNone;
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

Pace::Change Pace::LearnFailure(absl::Time now, State* state) {
  ++state->failures;
  switch (state->mode) {
    case Mode::kSuspended:
      return Change::kNone;
    case Mode::kOpen:
      if (state->failures < kFailuresToBreak) return Change::kNone;
      state->mode = Mode::kBroken;
      state->probing = false;
      state->probe_wait = kFirstBrokenProbe;
      state->next_probe = now + state->probe_wait;
      return Change::kBroken;
    case Mode::kBroken:
      // What was under way when it broke says nothing new.
      if (!std::exchange(state->probing, false)) return Change::kNone;
      state->probe_wait = std::min(state->probe_wait * 2, kLastBrokenProbe);
      state->next_probe = now + state->probe_wait;
      return Change::kNone;
  }
  return Change::kNone;
}

void LogChange(const EventLog& log, absl::string_view provider,
               Pace::Change change) {
  switch (change) {
    case Pace::Change::kNone:
      return;
    case Pace::Change::kOpened:
      return log.Write(EventLog::Level::kInfo, "provider_available",
                       {{"provider", provider}});
    case Pace::Change::kSuspended:
      return log.Write(EventLog::Level::kError, "provider_suspended",
                       {{"provider", provider},
                        {"detail",
                         "it refuses our client: mend its "
                         "registration or its secret"}});
    case Pace::Change::kBroken:
      return log.Write(EventLog::Level::kError, "provider_unavailable",
                       {{"provider", provider}});
  }
}

}  // namespace tokenbroker
