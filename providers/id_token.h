// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_PROVIDERS_ID_TOKEN_H_
#define TOKENBROKER_PROVIDERS_ID_TOKEN_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tokenbroker/v1/token_broker.pb.h"

namespace tokenbroker {

struct IdTokenExpectation {
  // Empty: the issuer is not known and not compared.
  std::string issuer;
  std::string client_id;
  // Empty: none was sent, and none is compared.
  std::string nonce;
  absl::Time now;
};

// Who the user is, from an ID token that came straight from the token endpoint
// over TLS, which is why its signature need not be checked (OpenID Connect Core
// 3.1.3.7, item 6). Issuer, audience, authorized party, expiry (with five
// minutes' leeway) and nonce are: items 2 to 5, 9 and 11. The error says which,
// and repeats nothing of the token.
absl::StatusOr<v1::Account> ReadIdToken(absl::string_view id_token,
                                        const IdTokenExpectation& expected);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_ID_TOKEN_H_
