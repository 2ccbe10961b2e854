// SPDX-License-Identifier: Apache-2.0
//
// Seam: one HTTP request to a provider, and its whole answer.
#ifndef TOKENBROKER_BROKER_HTTP_CLIENT_H_
#define TOKENBROKER_BROKER_HTTP_CLIENT_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/secret.h"

namespace tokenbroker {

// The largest body that is read.
inline constexpr size_t kMaxResponseBytes = size_t{256} << 10;

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  // Values may hold credentials.
  std::vector<std::pair<std::string, Secret>> headers;
  Secret body;
  // For the whole request: resolve, connect, send, receive.
  absl::Duration timeout = absl::Seconds(15);
  // Accept `http:` and loopback addresses.
  bool allow_loopback = false;
  // A PEM file with the authorities to trust; empty: the system's.
  std::string ca_file;
};

struct HttpResponse {
  int status = 0;
  std::string content_type;
  // The header as sent; empty if there was none.
  std::string retry_after;
  Secret body;
};

// Thread-safe.
class HttpClient {
 public:
  virtual ~HttpClient() = default;

  // Sends `request` once and returns the whole answer, whatever its status.
  // Redirects are answers and are not followed; nothing is sent twice. Blocks
  // for at most `request.timeout`.
  //
  // kUnavailable: not one byte of the request left this machine.
  // kInvalidArgument: the URL is none, or not allowed; nothing was sent.
  // kUnknown: the request may have arrived, and no whole answer came: timeout,
  //   reset, truncated, larger than kMaxResponseBytes.
  // Messages hold no part of the request but its host.
  virtual absl::StatusOr<HttpResponse> Send(const HttpRequest& request) = 0;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_HTTP_CLIENT_H_
