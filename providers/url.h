// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_PROVIDERS_URL_H_
#define TOKENBROKER_PROVIDERS_URL_H_

#include "absl/strings/string_view.h"

namespace tokenbroker {

// Whether `url` can be an issuer or an endpoint: `https://` (with `allow_http`
// also `http://`) in front of a host, in visible ASCII, without user
// information, backslash or fragment, in which readers of URLs differ.
bool IsEndpointUrl(absl::string_view url, bool allow_http);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_URL_H_
