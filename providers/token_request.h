// SPDX-License-Identifier: Apache-2.0
//
// What is sent to a provider's token and revocation endpoints, with the
// client's credentials where its authentication method wants them, in the shape
// that the settings give it. Parameters stand in a fixed order. All are
// kFailedPrecondition if they need an attribute that is not known.
#ifndef TOKENBROKER_PROVIDERS_TOKEN_REQUEST_H_
#define TOKENBROKER_PROVIDERS_TOKEN_REQUEST_H_

#include "absl/status/statusor.h"
#include "broker/http_client.h"
#include "broker/provider.h"
#include "broker/secret.h"
#include "providers/client_credentials.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// RFC 6749 4.1.3 with the verifier of RFC 7636 4.5.
absl::StatusOr<HttpRequest> BuildCodeRequest(
    const config::v1::Provider& settings, const ClientCredentials& credentials,
    const CodeGrant& grant, const RequestContext& context);

// RFC 6749 6. `is_first`: the first after a code.
absl::StatusOr<HttpRequest> BuildRefreshRequest(
    const config::v1::Provider& settings, const ClientCredentials& credentials,
    const Secret& refresh_token, bool is_first, const RequestContext& context);

// RFC 7009 2.1. The settings name a revocation endpoint.
absl::StatusOr<HttpRequest> BuildRevokeRequest(
    const config::v1::Provider& settings, const ClientCredentials& credentials,
    const Secret& token, const RequestContext& context);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_TOKEN_REQUEST_H_
