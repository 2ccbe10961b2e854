// SPDX-License-Identifier: Apache-2.0
//
// What a registration proves itself with.
#ifndef TOKENBROKER_PROVIDERS_CLIENT_CREDENTIALS_H_
#define TOKENBROKER_PROVIDERS_CLIENT_CREDENTIALS_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "broker/secret.h"
#include "providers/client_assertion.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

struct ClientCredentials {
  // Empty: the client has none.
  Secret secret;
  // Signs assertions, for an authentication method that does.
  std::optional<SigningKey> key;
  // The certificate's SHA-256 thumbprint, base64url; empty if there is none.
  std::string thumbprint;

  ClientCredentials Clone() const { return {secret.Clone(), key, thumbprint}; }
};

// Whether requests with `method` are signed.
bool IsSigned(config::v1::ClientAuthMethod method);

// Reads the files that the settings name. kInvalidArgument, or as ReadFile; the
// message names the provider, and what is missing for its authentication method
// or of no use with it.
absl::StatusOr<ClientCredentials> ReadCredentials(
    const config::v1::Provider& settings);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_CLIENT_CREDENTIALS_H_
