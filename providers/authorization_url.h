// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_PROVIDERS_AUTHORIZATION_URL_H_
#define TOKENBROKER_PROVIDERS_AUTHORIZATION_URL_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/provider.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// Whether `name`, in any case, is a parameter that only the protocol may set:
// `state`, `redirect_uri`, `scope`, ... Neither a preset, nor the
// configuration, nor a caller may add one.
bool IsProtocolParameter(absl::string_view name);

// The URL to send the user to (RFC 6749 4.1.1, RFC 7636 4.3, OpenID Connect
// Core 3.1.2.1). Parameters stand in a fixed order behind what query the
// endpoint already has. A caller's extra parameter replaces the preset's of
// that name. kFailedPrecondition if the endpoint needs an attribute that is not
// known.
absl::StatusOr<std::string> BuildAuthorizationUrl(
    const config::v1::Provider& settings, const AuthorizationUrlParams& params);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_AUTHORIZATION_URL_H_
