// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_PROVIDERS_PROVIDER_REQUEST_H_
#define TOKENBROKER_PROVIDERS_PROVIDER_REQUEST_H_

#include <string>

#include "broker/http_client.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// A request to the provider at `url`, with what its settings say of every one:
// its headers, how long, where to, whom to trust. The answer wanted is JSON.
HttpRequest RequestTo(const config::v1::Provider& settings,
                      const std::string& url);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_PROVIDER_REQUEST_H_
