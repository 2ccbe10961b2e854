// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_PROVIDERS_PROVIDER_ERROR_H_
#define TOKENBROKER_PROVIDERS_PROVIDER_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// kInvalidArgument: what is wrong with a provider's block, and what to write.
inline absl::Status ProviderError(const config::v1::Provider& provider,
                                  absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("provider ", provider.name(), ": ", what));
}

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_PROVIDER_ERROR_H_
