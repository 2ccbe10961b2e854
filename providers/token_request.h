// SPDX-License-Identifier: Apache-2.0
//
// What is sent to a provider's token and revocation endpoints, with the
// client's credentials where its authentication method wants them.
#ifndef TOKENBROKER_PROVIDERS_TOKEN_REQUEST_H_
#define TOKENBROKER_PROVIDERS_TOKEN_REQUEST_H_

#include "broker/http_client.h"
#include "broker/provider.h"
#include "broker/secret.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// RFC 6749 4.1.3 with the verifier of RFC 7636 4.5.
HttpRequest BuildCodeRequest(const config::v1::Provider& settings,
                             const Secret& client_secret,
                             const CodeGrant& grant);

// RFC 6749 6.
HttpRequest BuildRefreshRequest(const config::v1::Provider& settings,
                                const Secret& client_secret,
                                const Secret& refresh_token);

// RFC 7009 2.1. The settings name a revocation endpoint.
HttpRequest BuildRevokeRequest(const config::v1::Provider& settings,
                               const Secret& client_secret,
                               const Secret& token);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_TOKEN_REQUEST_H_
