// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_PROVIDERS_CALLBACK_SIGNATURE_H_
#define TOKENBROKER_PROVIDERS_CALLBACK_SIGNATURE_H_

#include <map>
#include <string>

#include "broker/secret.h"

namespace tokenbroker {

// Whether `hmac` among the callback's parameters is HMAC-SHA256 in hex, with
// the client secret, over all others: sorted by name and joined as
// `name=value&name=value`, decoded but for `%`, `&` and in names `=`.
// https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant
bool IsCallbackSigned(const std::map<std::string, std::string>& params,
                      const Secret& client_secret);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_CALLBACK_SIGNATURE_H_
