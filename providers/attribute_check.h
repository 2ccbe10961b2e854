// SPDX-License-Identifier: Apache-2.0
//
// Whether a provider's attributes make sense, and whether all that nobody else
// says is given. Pure; errors as ProviderError.
#ifndef TOKENBROKER_PROVIDERS_ATTRIBUTE_CHECK_H_
#define TOKENBROKER_PROVIDERS_ATTRIBUTE_CHECK_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// The attribute of this name; null if there is none.
const config::v1::Attribute* FindAttribute(const config::v1::Provider& provider,
                                           absl::string_view name);

// Names, patterns and defaults.
absl::Status CheckAttributes(const config::v1::Provider& provider);

// `variables` and `caller_variables`.
absl::Status CheckVariables(const config::v1::Provider& provider);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_ATTRIBUTE_CHECK_H_
