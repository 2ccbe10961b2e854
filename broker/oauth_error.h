// SPDX-License-Identifier: Apache-2.0
//
// Rule: which error codes of a provider may be repeated. A registered one says
// nothing but itself; anything else may hold a credential (some providers echo
// them) and becomes `other`.
#ifndef TOKENBROKER_BROKER_OAUTH_ERROR_H_
#define TOKENBROKER_BROKER_OAUTH_ERROR_H_

#include "absl/strings/string_view.h"

namespace tokenbroker {

// `error` if it is registered with IANA for authorization or token endpoints
// (RFC 6749 4.1.2.1 and 5.2, RFC 6750, RFC 7009, RFC 8628, RFC 8707, OpenID
// Connect Core 3.1.2.6),
// else "other". The answer does not refer to `error`'s bytes.
absl::string_view RegisteredErrorOrOther(absl::string_view error);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_OAUTH_ERROR_H_
