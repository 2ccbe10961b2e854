// SPDX-License-Identifier: Apache-2.0
//
// Whether a provider's settings make sense together, and what to write where
// they do not. Pure.
#ifndef TOKENBROKER_PROVIDERS_PROVIDER_CHECK_H_
#define TOKENBROKER_PROVIDERS_PROVIDER_CHECK_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// A preset by itself: that it sets nothing of a registration's, has sources,
// and does not leave out PKCE without one. kInvalidArgument, with `file_name`.
absl::Status CheckPreset(const config::v1::Provider& preset,
                         absl::string_view file_name);

// A configured provider with its preset merged in. kInvalidArgument names the
// provider, and what to write instead.
absl::Status CheckProvider(const config::v1::Provider& provider);

// What is likely to be a mistake, though it can be served; one sentence each.
std::vector<std::string> Warnings(const config::v1::Provider& provider);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_PROVIDER_CHECK_H_
