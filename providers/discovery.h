// SPDX-License-Identifier: Apache-2.0
//
// A provider's metadata: OpenID Connect Discovery 1.0 and RFC 8414. Pure.
#ifndef TOKENBROKER_PROVIDERS_DISCOVERY_H_
#define TOKENBROKER_PROVIDERS_DISCOVERY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// Whether an endpoint must be discovered: an issuer is known, but not both the
// authorization and the token endpoint.
bool NeedsDiscovery(const config::v1::Provider& settings);

// Where the metadata may be, in the order to ask: OpenID Connect Discovery 4,
// then RFC 8414 3.1.
std::vector<std::string> MetadataUrls(absl::string_view issuer);

// The settings with what they leave open filled in from the metadata. The
// issuer is compared exactly (RFC 8414 3.3). kInvalidArgument says what is
// wrong with the document.
absl::StatusOr<config::v1::Provider> ApplyMetadata(
    const config::v1::Provider& settings, absl::string_view metadata);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_DISCOVERY_H_
