// SPDX-License-Identifier: Apache-2.0
#include "providers/provider_request.h"

#include "broker/config.h"

namespace tokenbroker {

HttpRequest RequestTo(const config::v1::Provider& settings,
                      const std::string& url) {
  HttpRequest request;
  request.url = url;
  request.headers.emplace_back("Accept", Secret("application/json"));
  request.timeout = RequestTimeout(settings);
  request.allow_loopback = settings.allow_loopback();
  request.ca_file = settings.ca_file();
  return request;
}

}  // namespace tokenbroker
