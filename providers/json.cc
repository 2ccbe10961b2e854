// SPDX-License-Identifier: Apache-2.0
#include "providers/json.h"

namespace tokenbroker {
namespace {

using Event = nlohmann::json::parse_event_t;

constexpr int kDeepest = 32;

}  // namespace

std::optional<nlohmann::json> ParseJsonObject(absl::string_view text) {
  bool too_deep = false;
  const auto keep = [&too_deep](int depth, Event event, const nlohmann::json&) {
    const bool starts =
        event == Event::object_start || event == Event::array_start;
    too_deep = too_deep || (starts && depth >= kDeepest);
    return !too_deep;
  };
  nlohmann::json object = nlohmann::json::parse(text.begin(), text.end(), keep,
                                                /*allow_exceptions=*/false);
  if (too_deep || object.is_discarded() || !object.is_object()) {
    return std::nullopt;
  }
  return object;
}

std::string StringMember(const nlohmann::json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_string()) return "";
  return member->get<std::string>();
}

Secret TakeSecretMember(nlohmann::json* object, const char* name) {
  const auto member = object->find(name);
  if (member == object->end() || !member->is_string()) return Secret();
  return Secret::Take(&member->get_ref<std::string&>());
}

}  // namespace tokenbroker
