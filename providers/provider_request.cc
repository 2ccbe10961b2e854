// SPDX-License-Identifier: Apache-2.0
#include "providers/provider_request.h"

#include <map>

#include "broker/config.h"

namespace tokenbroker {

HttpRequest RequestTo(const config::v1::Provider& settings,
                      const std::string& url) {
  HttpRequest request;
  request.url = url;
  request.headers.emplace_back("Accept", Secret("application/json"));
  const std::map<std::string, std::string> sorted(
      settings.request_headers().begin(), settings.request_headers().end());
  for (const auto& [name, value] : sorted) {
    request.headers.emplace_back(name, Secret(value));
  }
  request.timeout = RequestTimeout(settings);
  request.allow_loopback = settings.allow_loopback();
  request.ca_file = settings.ca_file();
  return request;
}

}  // namespace tokenbroker
