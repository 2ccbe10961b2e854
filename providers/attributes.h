// SPDX-License-Identifier: Apache-2.0
//
// What connections have besides tokens: who may say it, and what is believed.
#ifndef TOKENBROKER_PROVIDERS_ATTRIBUTES_H_
#define TOKENBROKER_PROVIDERS_ATTRIBUTES_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/provider.h"
#include "broker/validation.h"
#include "providers/json.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// The longest value that is kept.
inline constexpr size_t kLongestAttribute = 4096;

// Whether the value is of a fit length, UTF-8 without control characters, and
// matches the attribute's pattern, if it has one, as a whole.
bool IsValueOf(const config::v1::Attribute& attribute, absl::string_view value);

// As Provider::CheckVariables.
std::vector<FieldViolation> CheckCallerVariables(
    const config::v1::Provider& settings, const Attributes& variables);

// As Provider::ReadCallback, but for the signature.
absl::StatusOr<Attributes> ReadCallbackAttributes(
    const config::v1::Provider& settings,
    const std::map<std::string, std::string>& params, const Attributes& known);

// What the answer says. A value that does not fit is left out: nobody loses a
// grant to it.
Attributes ReadAnswerAttributes(const config::v1::Provider& settings,
                                const nlohmann::json& answer);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_ATTRIBUTES_H_
