// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_HTTP_ENDPOINTS_H_
#define TOKENBROKER_BROKER_HTTP_ENDPOINTS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "broker/metrics.h"
#include "broker/readiness.h"

namespace tokenbroker {

// `/livez`, `/readyz` (both with `?verbose`) and `/metrics`, as Kubernetes and
// Prometheus expect them. Plain HTTP; tells no secret. Thread-safe.
class HttpEndpoints {
 public:
  // Serves at `address` (`host:port`, `[v6]:port`; port 0 picks one) until
  // destroyed. kAlreadyExists if the port is in use.
  static absl::StatusOr<std::unique_ptr<HttpEndpoints>> Listen(
      const std::string& address, const Readiness& readiness,
      const Metrics& metrics);

  virtual ~HttpEndpoints() = default;

  // Where it listens, with the picked port.
  virtual std::string address() const = 0;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_HTTP_ENDPOINTS_H_
