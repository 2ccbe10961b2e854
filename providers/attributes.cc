// SPDX-License-Identifier: Apache-2.0
#include "providers/attributes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "providers/pattern.h"

namespace tokenbroker {
namespace {

using config::v1::Attribute;
using Settings = config::v1::Provider;

// What a stored record can hold: UTF-8 (RFC 3629 4), and no control characters.
constexpr char kText[] = R"([^\x00-\x1f\x7f\x{d800}-\x{dfff}]+)";

const Attribute* Find(const Settings& settings, absl::string_view name) {
  for (const Attribute& attribute : settings.attributes()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

}  // namespace

bool IsValueOf(const Attribute& attribute, absl::string_view value) {
  return value.size() <= kLongestAttribute && MatchesWhole(kText, value) &&
         (attribute.pattern().empty() ||
          MatchesWhole(attribute.pattern(), value));
}

std::vector<FieldViolation> CheckCallerVariables(const Settings& settings,
                                                 const Attributes& variables) {
  std::vector<FieldViolation> violations;
  const auto& expected = settings.caller_variables();
  for (const auto& [name, value] : variables) {
    const Attribute* attribute = Find(settings, name);
    const bool is_expected =
        std::find(expected.begin(), expected.end(), name) != expected.end();
    if (attribute == nullptr || !is_expected) {
      violations.push_back(
          {absl::StrCat("variables[", name, "]"),
           "is not among the provider's caller_variables in the "
           "configuration"});
    } else if (!IsValueOf(*attribute, value)) {
      violations.push_back({absl::StrCat("variables[", name, "]"),
                            absl::StrCat("must match ", attribute->pattern())});
    }
  }
  for (const std::string& name : expected) {
    if (variables.count(name) != 0) continue;
    const Attribute* attribute = Find(settings, name);
    violations.push_back(
        {absl::StrCat("variables[", name, "]"),
         absl::StrCat("is missing",
                      attribute == nullptr || attribute->description().empty()
                          ? ""
                          : absl::StrCat(": ", attribute->description()))});
  }
  return violations;
}

absl::StatusOr<Attributes> ReadCallbackAttributes(
    const Settings& settings, const std::map<std::string, std::string>& params,
    const Attributes& known) {
  Attributes attributes = known;
  for (const Attribute& attribute : settings.attributes()) {
    if (attribute.callback_param().empty()) continue;
    const auto param = params.find(attribute.callback_param());
    if (param == params.end() || param->second.empty()) continue;
    const auto [entry, is_new] =
        attributes.emplace(attribute.name(), param->second);
    if (!IsValueOf(attribute, param->second) ||
        entry->second != param->second) {
      return absl::PermissionDeniedError(
          absl::StrCat("the callback's ", attribute.callback_param(),
                       " is not what it must be"));
    }
  }
  return attributes;
}

Attributes ReadAnswerAttributes(const Settings& settings,
                                const nlohmann::json& answer) {
  Attributes attributes;
  for (const Attribute& attribute : settings.attributes()) {
    if (attribute.answer_member().empty()) continue;
    const std::string value = TextAt(answer, attribute.answer_member());
    if (IsValueOf(attribute, value)) attributes[attribute.name()] = value;
  }
  return attributes;
}

}  // namespace tokenbroker
