// SPDX-License-Identifier: Apache-2.0
#include "broker/failpoints.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "broker/mutex.h"
#include "broker/status_macros.h"

namespace tokenbroker::failpoints {
namespace {

enum class Action { kKill, kError, kDelay, kOff };

struct Arming {
  Action action;
  std::chrono::milliseconds delay{0};
  double probability = 1;
  int from = 1;
};

using Armings = absl::flat_hash_map<std::string, Arming>;

absl::Status Unreadable(absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat(
      "TOKENBROKER_FAILPOINTS: cannot read `", text,
      "`; write POINT=kill|delay:MS|error[@PROBABILITY][#COUNT] or STEP=off; "
      "only ",
      kFailing, " can fail. Points: ", absl::StrJoin(kPoints, ", "),
      ". Steps: ", absl::StrJoin(kSteps, ", ")));
}

absl::StatusOr<Arming> ParseArming(absl::string_view text,
                                   absl::string_view whole) {
  Arming arming;
  const std::pair<absl::string_view, absl::string_view> count =
      absl::StrSplit(text, absl::MaxSplits('#', 1));
  if (!count.second.empty() &&
      (!absl::SimpleAtoi(count.second, &arming.from) || arming.from < 1)) {
    return Unreadable(whole);
  }
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(count.first, absl::MaxSplits('@', 1));
  if (!parts.second.empty() &&
      (!absl::SimpleAtod(parts.second, &arming.probability) ||
       arming.probability < 0 || arming.probability > 1)) {
    return Unreadable(whole);
  }
  const std::pair<absl::string_view, absl::string_view> action =
      absl::StrSplit(parts.first, absl::MaxSplits(':', 1));
  int milliseconds = 0;
  if (action.first == "delay" &&
      absl::SimpleAtoi(action.second, &milliseconds) && milliseconds >= 0) {
    arming.action = Action::kDelay;
    arming.delay = std::chrono::milliseconds(milliseconds);
    return arming;
  }
  if (!action.second.empty()) return Unreadable(whole);
  if (action.first == "kill") {
    arming.action = Action::kKill;
  } else if (action.first == "error") {
    arming.action = Action::kError;
  } else if (action.first == "off") {
    arming.action = Action::kOff;
  } else {
    return Unreadable(whole);
  }
  return arming;
}

absl::StatusOr<Armings> Parse(absl::string_view text) {
  Armings armings;
  for (const absl::string_view entry :
       absl::StrSplit(text, ';', absl::SkipEmpty())) {
    const std::pair<std::string, absl::string_view> sides =
        absl::StrSplit(entry, absl::MaxSplits('=', 1));
    ABSL_ASSIGN_OR_RETURN(const Arming arming,
                          ParseArming(sides.second, entry));
    const bool known = arming.action == Action::kOff
                           ? IsIn(kSteps, sides.first.c_str())
                           : IsIn(kPoints, sides.first.c_str());
    const bool can = arming.action != Action::kError || sides.first == kFailing;
    if (!known || !can) return Unreadable(entry);
    armings.insert_or_assign(sides.first, arming);
  }
  return armings;
}

absl::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? absl::string_view() : absl::string_view(value);
}

// What the environment says, read once. The one global of the tree, in a test
// binary: points are reached from where no argument can be passed for them.
struct State {
  const absl::StatusOr<Armings> armings =
      Parse(Environment("TOKENBROKER_FAILPOINTS"));
  const std::string hits_file =
      std::string(Environment("TOKENBROKER_FAILPOINTS_HITS"));
  Mutex mutex;
  // How often each point was reached.
  absl::flat_hash_map<std::string, int> hits ABSL_GUARDED_BY(mutex);
  std::mt19937_64 random ABSL_GUARDED_BY(mutex){std::random_device()()};
};

State& TheState() {
  static State& state = *new State;  // outlives every thread
  return state;
}

int CountHit(State& state, absl::string_view point) {
  MutexLock lock(&state.mutex);
  return ++state.hits[point];
}

void WriteHit(const State& state, absl::string_view point) {
  const int file = open(state.hits_file.c_str(),
                        O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  const std::string line = absl::StrCat(point, "\n");
  if (write(file, line.data(), line.size()) < 0) std::abort();
  close(file);
}

bool Happens(State& state, double probability) {
  if (probability >= 1) return true;
  MutexLock lock(&state.mutex);
  return std::uniform_real_distribution<>()(state.random) < probability;
}

}  // namespace

absl::Status Reach(absl::string_view point) {
  State& state = TheState();
  const int count = CountHit(state, point);
  if (count == 1 && !state.hits_file.empty()) WriteHit(state, point);
  if (!state.armings.ok()) return absl::OkStatus();
  const auto armed = state.armings->find(point);
  if (armed == state.armings->end() || count < armed->second.from ||
      !Happens(state, armed->second.probability)) {
    return absl::OkStatus();
  }
  switch (armed->second.action) {
    case Action::kKill:
      kill(getpid(), SIGKILL);
      // Nothing runs on while the signal is on its way.
      while (true) pause();
    case Action::kError:
      return absl::UnavailableError(absl::StrCat("failpoint ", point));
    case Action::kDelay:
      std::this_thread::sleep_for(armed->second.delay);
      return absl::OkStatus();
    case Action::kOff:
      break;
  }
  return absl::OkStatus();
}

bool IsOff(absl::string_view step) {
  const State& state = TheState();
  return state.armings.ok() && state.armings->contains(step);
}

absl::Status CheckEnvironment() { return TheState().armings.status(); }

}  // namespace tokenbroker::failpoints
