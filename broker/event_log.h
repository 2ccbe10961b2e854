// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_EVENT_LOG_H_
#define TOKENBROKER_BROKER_EVENT_LOG_H_

#include <functional>
#include <initializer_list>
#include <utility>

#include "absl/strings/string_view.h"
#include "broker/clock.h"

namespace tokenbroker {

// What happened, one JSON object a line: `time` (RFC 3339, UTC), `level`,
// `event` (a stable name) and fields. Never a secret, and never text a provider
// sent; a Secret cannot be passed by its type. Thread-safe.
class EventLog {
 public:
  enum class Level { kInfo, kWarning, kError };
  using Field = std::pair<absl::string_view, absl::string_view>;
  // Gets whole lines, newline included, from any thread.
  using Sink = std::function<void(absl::string_view line)>;

  EventLog(const Clock& clock, Sink sink);

  void Write(Level level, absl::string_view event,
             std::initializer_list<Field> fields = {}) const;

 private:
  const Clock& clock_;
  const Sink sink_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_EVENT_LOG_H_
