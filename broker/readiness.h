// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_READINESS_H_
#define TOKENBROKER_BROKER_READINESS_H_

#include <atomic>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace tokenbroker {

// Whether the broker should be sent calls: every check is OK and it is not
// draining. What a provider does is no check: one bad provider must not take
// the others' callers down. Thread-safe once all checks are added.
class Readiness {
 public:
  using Check = std::function<absl::Status()>;

  // `check` must be quick and may be called from any thread.
  void Add(std::string name, Check check);

  // From now on not ready.
  void Drain();

  // Every check's name and status, `draining` among them.
  std::vector<std::pair<std::string, absl::Status>> Report() const;

  bool IsReady() const;

 private:
  std::vector<std::pair<std::string, Check>> checks_;
  std::atomic<bool> draining_ = false;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_READINESS_H_
