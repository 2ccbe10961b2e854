// SPDX-License-Identifier: Apache-2.0
#include "providers/json.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace tokenbroker {
namespace {

using Event = nlohmann::json::parse_event_t;

constexpr int kDeepest = 32;

// `Json` is json or const json.
template <typename Json>
Json* Walk(Json* at, absl::string_view path) {
  if (path.empty()) return at;
  for (const absl::string_view step : absl::StrSplit(path, '.')) {
    size_t index = 0;
    if (at->is_array() && absl::SimpleAtoi(step, &index) &&
        index < at->size()) {
      at = &(*at)[index];
    } else if (at->is_object() && at->contains(std::string(step))) {
      at = &(*at)[std::string(step)];
    } else {
      return nullptr;
    }
  }
  return at;
}

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

const nlohmann::json* MemberAt(const nlohmann::json& object,
                               absl::string_view path) {
  return Walk(&object, path);
}

nlohmann::json* MutableMemberAt(nlohmann::json* object,
                                absl::string_view path) {
  return Walk(object, path);
}

std::string TextAt(const nlohmann::json& object, absl::string_view path) {
  const nlohmann::json* member = MemberAt(object, path);
  if (member == nullptr || member->empty() || member->is_boolean()) return "";
  if (member->is_string()) return member->get<std::string>();
  return member->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Secret TakeSecretMember(nlohmann::json* object, const std::string& name) {
  const auto member = object->find(name);
  if (member == object->end() || !member->is_string()) return Secret();
  return Secret::Take(&member->get_ref<std::string&>());
}

}  // namespace tokenbroker
