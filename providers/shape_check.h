// SPDX-License-Identifier: Apache-2.0
//
// Whether what is sent to a provider, and where, can be made of its settings.
// Pure; errors as ProviderError.
#ifndef TOKENBROKER_PROVIDERS_SHAPE_CHECK_H_
#define TOKENBROKER_PROVIDERS_SHAPE_CHECK_H_

#include "absl/status/status.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// Issuer and endpoints, which may be templates.
absl::Status CheckEndpoints(const config::v1::Provider& provider);

// Names, parameters and headers.
absl::Status CheckShapes(const config::v1::Provider& provider);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_SHAPE_CHECK_H_
