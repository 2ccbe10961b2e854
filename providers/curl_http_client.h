// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_PROVIDERS_CURL_HTTP_CLIENT_H_
#define TOKENBROKER_PROVIDERS_CURL_HTTP_CLIENT_H_

#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "broker/http_client.h"
#include "broker/mutex.h"

namespace tokenbroker {

// libcurl behind the seam. Every request has a connection of its own, for curl
// sends a request again when a kept connection turns out to be dead; what is
// kept are names, TLS sessions and for an hour the system's authorities.
// HTTP/1.1 over TLS 1.2 or later; no proxy, no cookies, no compression.
//
// Dials the addresses that the name resolved to, but never link-local,
// unspecified or multicast ones (cloud metadata services live there), and
// loopback only where the request allows it.
class CurlHttpClient final : public HttpClient {
 public:
  CurlHttpClient();
  ~CurlHttpClient() override;

  absl::StatusOr<HttpResponse> Send(const HttpRequest& request) override;

 private:
  // A curl easy handle; its header is curl_http_client.cc's business.
  using Handle = void*;

  Handle TakeHandle();
  void ReturnHandle(Handle handle);

  Mutex mutex_;
  std::vector<Handle> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_CURL_HTTP_CLIENT_H_
