// SPDX-License-Identifier: Apache-2.0
#include "broker/event_log.h"

#include <nlohmann/json.hpp>
#include <string>

#include "absl/time/time.h"

namespace tokenbroker {
namespace {

const char* LevelName(EventLog::Level level) {
  switch (level) {
    case EventLog::Level::kInfo:
      return "info";
    case EventLog::Level::kWarning:
      return "warning";
    case EventLog::Level::kError:
      return "error";
  }
  return "error";
}

}  // namespace

EventLog::EventLog(const Clock& clock, Sink sink)
    : clock_(clock), sink_(std::move(sink)) {}

void EventLog::Write(Level level, absl::string_view event,
                     std::initializer_list<Field> fields) const {
  nlohmann::ordered_json line;
  line["time"] = absl::FormatTime(absl::RFC3339_full, clock_.TimeNow(),
                                  absl::UTCTimeZone());
  line["level"] = LevelName(level);
  line["event"] = std::string(event);
  for (const auto& [key, value] : fields) {
    line[std::string(key)] = std::string(value);
  }
  sink_(line.dump(-1, ' ', /*ensure_ascii=*/false,
                  nlohmann::json::error_handler_t::replace) +
        "\n");
}

}  // namespace tokenbroker
