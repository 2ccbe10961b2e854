// SPDX-License-Identifier: Apache-2.0
//
// Rules: which requests are well-formed. The bounds are those that
// proto/tokenbroker/v1/token_broker.proto documents. Pure; whether a
// well-formed value is allowed (a redirect URI, an extra parameter) is the
// act's business.
#ifndef TOKENBROKER_BROKER_VALIDATION_H_
#define TOKENBROKER_BROKER_VALIDATION_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tokenbroker/v1/token_broker.pb.h"

namespace tokenbroker {

// As in google.rpc.BadRequest: `field` is a path, `description` completes the
// sentence "FIELD ..." and repeats no value.
struct FieldViolation {
  std::string field;
  std::string description;
};

// Every violation; empty if the request is well-formed.
std::vector<FieldViolation> Validate(
    const v1::StartAuthorizationRequest& request);
std::vector<FieldViolation> Validate(
    const v1::CompleteAuthorizationRequest& request);
std::vector<FieldViolation> Validate(const v1::GetAccessTokenRequest& request);
std::vector<FieldViolation> Validate(const v1::GetConnectionRequest& request);
std::vector<FieldViolation> Validate(const v1::ListConnectionsRequest& request);
std::vector<FieldViolation> Validate(
    const v1::DeleteConnectionRequest& request);
std::vector<FieldViolation> Validate(const v1::ListProvidersRequest& request);

// 1 to 63 bytes out of `a-z 0-9 -`: a provider's or a key's name.
bool IsName(absl::string_view text);

// RFC 6749 3.3: 1 to 512 bytes of visible ASCII without `"` and `\`.
bool IsScope(absl::string_view text);

// Whether there is a control character (C0 or DEL) in it.
bool HasControlCharacter(absl::string_view text);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_VALIDATION_H_
