// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_CALLER_H_
#define TOKENBROKER_BROKER_CALLER_H_

#include <string>

#include "absl/status/statusor.h"

namespace grpc {
class AuthContext;
}  // namespace grpc

namespace tokenbroker {

// Who calls: the SPIFFE ID of the verified client certificate, else its first
// DNS name; `anonymous` on a listener without TLS. CALLER_UNAUTHENTICATED if a
// certificate names nobody.
absl::StatusOr<std::string> CallerOf(const grpc::AuthContext& context);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_CALLER_H_
