// SPDX-License-Identifier: Apache-2.0
#include "providers/attribute_check.h"

#include <algorithm>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "providers/attributes.h"
#include "providers/pattern.h"
#include "providers/provider_error.h"
#include "providers/template.h"

namespace tokenbroker {
namespace {

using config::v1::Attribute;
using Settings = config::v1::Provider;

template <typename Range>
bool Contains(const Range& range, absl::string_view value) {
  return std::find(range.begin(), range.end(), value) != range.end();
}

bool IsAttributeName(absl::string_view name) {
  return !name.empty() && name.size() <= 63 &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
         });
}

// Whether somebody will say what the attribute is.
bool IsSaid(const Settings& provider, const Attribute& attribute) {
  return !attribute.default_value().empty() ||
         !attribute.callback_param().empty() ||
         !attribute.answer_member().empty() ||
         provider.variables().contains(attribute.name()) ||
         Contains(provider.caller_variables(), attribute.name());
}

}  // namespace

const Attribute* FindAttribute(const Settings& provider,
                               absl::string_view name) {
  for (const Attribute& attribute : provider.attributes()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

absl::Status CheckAttributes(const Settings& provider) {
  std::set<std::string> names;
  for (const Attribute& attribute : provider.attributes()) {
    const std::string where = absl::StrCat("attribute ", attribute.name());
    if (!IsAttributeName(attribute.name()) ||
        !names.insert(attribute.name()).second ||
        IsTemplateWord(attribute.name())) {
      return ProviderError(provider,
                           absl::StrCat(where,
                                        " has a malformed name, or that of "
                                        "another"));
    }
    if (!IsPattern(attribute.pattern())) {
      return ProviderError(provider,
                           absl::StrCat(where, " has no proper pattern"));
    }
    if (!attribute.default_value().empty() &&
        !IsValueOf(attribute, attribute.default_value())) {
      return ProviderError(provider,
                           absl::StrCat(where,
                                        " has a default_value that does not "
                                        "match its pattern"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckVariables(const Settings& provider) {
  for (const auto& [name, value] : provider.variables()) {
    const Attribute* attribute = FindAttribute(provider, name);
    if (attribute == nullptr) {
      return ProviderError(provider,
                           absl::StrCat("variables: the preset has no "
                                        "attribute ",
                                        name));
    }
    if (!IsValueOf(*attribute, value)) {
      return ProviderError(
          provider,
          absl::StrCat("variables: ", name, " must match ",
                       attribute->pattern(), ": ", attribute->description()));
    }
  }
  for (const std::string& name : provider.caller_variables()) {
    if (FindAttribute(provider, name) == nullptr) {
      return ProviderError(provider,
                           absl::StrCat("caller_variables: the preset has no "
                                        "attribute ",
                                        name));
    }
    if (provider.variables().contains(name)) {
      return ProviderError(provider,
                           absl::StrCat("caller_variables: ", name,
                                        " is given by variables already"));
    }
  }
  for (const Attribute& attribute : provider.attributes()) {
    if (IsSaid(provider, attribute)) continue;
    return ProviderError(
        provider,
        absl::StrCat("variable ", attribute.name(),
                     " is missing: ", attribute.description(),
                     " Write variables: {", attribute.name(),
                     ": ...}, or caller_variables: [", attribute.name(),
                     "] if each StartAuthorization names another"));
  }
  return absl::OkStatus();
}

}  // namespace tokenbroker
