// SPDX-License-Identifier: Apache-2.0
//
// Named points around every durable step, where a test ends the process, fails
// the step or delays it. They are in the test binary `token-broker-failpoints`
// only: without TOKENBROKER_FAILPOINTS defined the macros leave nothing behind.
//
//   TOKENBROKER_FAILPOINT("exchange.after_begin");
//
// The environment arms them:
//
//   TOKENBROKER_FAILPOINTS="exchange.after_begin=kill@0.1;start.after_remember=delay:5"
//     kill       SIGKILL, at once
//     delay:MS   waits
//     error      kUnavailable, in storage.before_write only
//     off        a step that can be switched off is left out
//     @P         not always but with this probability
//     #N         not before the N-th time
//   TOKENBROKER_FAILPOINTS_HITS=FILE   a line for each point when it is first
//                                      reached
#ifndef TOKENBROKER_BROKER_FAILPOINTS_H_
#define TOKENBROKER_BROKER_FAILPOINTS_H_

#include <array>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tokenbroker::failpoints {

// The point that can fail.
inline constexpr absl::string_view kFailing = "storage.before_write";

// Every point. `before` and `after` say where the process would be if it ended
// there.
inline constexpr std::array kPoints = {
    // Start and complete an authorization.
    "start.before_remember",
    "start.after_remember",
    "complete.before_take",
    "complete.after_take",
    "complete.before_commit",
    "complete.after_commit",
    // The exchange, of a refresh token or a code.
    "exchange.before_begin",
    "exchange.after_begin",
    "exchange.after_send",
    "exchange.after_keep",
    // A refresh, and what a restart does with an open one.
    "refresh.before_commit",
    "refresh.after_commit",
    "recovery.before_end",
    "recovery.after_end",
    // A deletion.
    "delete.after_revoke",
    "delete.after_remove",
    // A new data directory: made, and no longer marked as being made.
    "create.before_finish",
    "create.after_finish",
    // Every write of the store.
    "storage.before_write",
    "storage.after_write",
    // The stop: no exchange starts any more, those in flight go on.
    "drain.after_close",
};

// Steps that can be switched off, to show that the tests notice.
inline constexpr std::array kSteps = {
    "storage.attempt",  // Begin is durable
    "storage.sync",     // every write is durable
    "storage.compare",  // Begin and Commit compare generations
    "broker.flights",   // one refresh of a connection at a time
};

// Compile-time check: a name out of the tables.
template <typename Table>
constexpr bool IsIn(const Table& table, const char* name) {
  for (const char* known : table) {
    const char* a = known;
    const char* b = name;
    while (*a != '\0' && *a == *b) ++a, ++b;
    if (*a == *b) return true;
  }
  return false;
}

// OK, or the armed error. Does not return if it is armed to kill.
absl::Status Reach(absl::string_view point);

bool IsOff(absl::string_view step);

// kInvalidArgument if the environment's text cannot be read; call it first.
absl::Status CheckEnvironment();

}  // namespace tokenbroker::failpoints

#ifdef TOKENBROKER_FAILPOINTS

// A statement: kills or delays.
#define TOKENBROKER_FAILPOINT(point) \
  TOKENBROKER_FAILPOINT_STATUS(point).IgnoreError()

// An absl::Status: kills, delays, or is the armed error.
#define TOKENBROKER_FAILPOINT_STATUS(point)          \
  ([]() -> absl::Status {                            \
    static_assert(::tokenbroker::failpoints::IsIn(   \
        ::tokenbroker::failpoints::kPoints, point)); \
    return ::tokenbroker::failpoints::Reach(point);  \
  }())

// A bool.
#define TOKENBROKER_STEP_IS_OFF(step)              \
  ([]() -> bool {                                  \
    static_assert(::tokenbroker::failpoints::IsIn( \
        ::tokenbroker::failpoints::kSteps, step)); \
    return ::tokenbroker::failpoints::IsOff(step); \
  }())

#else

#define TOKENBROKER_FAILPOINT(point) static_cast<void>(0)
#define TOKENBROKER_FAILPOINT_STATUS(point) absl::OkStatus()
#define TOKENBROKER_STEP_IS_OFF(step) false

#endif  // TOKENBROKER_FAILPOINTS

#endif  // TOKENBROKER_BROKER_FAILPOINTS_H_
