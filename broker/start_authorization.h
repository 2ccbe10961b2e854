// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_START_AUTHORIZATION_H_
#define TOKENBROKER_BROKER_START_AUTHORIZATION_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/seams.h"
#include "tokenbroker/v1/token_broker.pb.h"

namespace tokenbroker {

// How long a user may take to consent.
inline constexpr absl::Duration kAuthorizationLife = absl::Minutes(10);

// The act behind the call of the same name: makes state, verifier and nonce,
// remembers them sealed, and builds the URL. Thread-safe. May fetch the
// provider's metadata, and writes: run it on a worker.
class StartAuthorization {
 public:
  explicit StartAuthorization(const Seams& seams);

  // The request's fields are well-formed (validation.h). API errors.
  absl::StatusOr<v1::StartAuthorizationResponse> Start(
      absl::string_view caller, const v1::StartAuthorizationRequest& request);

 private:
  const Seams seams_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_START_AUTHORIZATION_H_
