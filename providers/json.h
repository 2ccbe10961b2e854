// SPDX-License-Identifier: Apache-2.0
//
// JSON from strangers.
#ifndef TOKENBROKER_PROVIDERS_JSON_H_
#define TOKENBROKER_PROVIDERS_JSON_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "broker/secret.h"

namespace tokenbroker {

// The object in `text`; nothing if it is not one JSON object, is nested deeper
// than 32 levels, or is not UTF-8.
std::optional<nlohmann::json> ParseJsonObject(absl::string_view text);

// The member's text; empty if there is none or it is no string.
std::string StringMember(const nlohmann::json& object, const char* name);

// The member at `path` (wire.proto); null if there is none.
const nlohmann::json* MemberAt(const nlohmann::json& object,
                               absl::string_view path);
nlohmann::json* MutableMemberAt(nlohmann::json* object, absl::string_view path);

// It as text: strings as they are, numbers as their digits, lists and objects
// as JSON. Empty if there is none, or it is null, empty or a truth value.
std::string TextAt(const nlohmann::json& object, absl::string_view path);

// A member's text, for a secret: its text is wiped out of `object`.
Secret TakeSecretMember(nlohmann::json* object, const std::string& name);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_JSON_H_
