// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_PROVIDERS_CLIENT_AUTHENTICATION_H_
#define TOKENBROKER_PROVIDERS_CLIENT_AUTHENTICATION_H_

#include "absl/status/statusor.h"
#include "broker/provider.h"
#include "broker/secret.h"
#include "providers/client_credentials.h"
#include "providers/parameters.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// Adds to `parameters` what proves the client by `method` (OpenID Connect Core
// 9), and returns the value of the header `Authorization`, empty if it needs
// none. kFailedPrecondition if what is signed needs an attribute that is not
// known.
absl::StatusOr<Secret> Authenticate(const config::v1::Provider& settings,
                                    const ClientCredentials& credentials,
                                    config::v1::ClientAuthMethod method,
                                    const RequestContext& context,
                                    Parameters* parameters);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_CLIENT_AUTHENTICATION_H_
