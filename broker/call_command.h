// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_CALL_COMMAND_H_
#define TOKENBROKER_BROKER_CALL_COMMAND_H_

#include <string>

#include "absl/time/time.h"

namespace tokenbroker {

struct CallOptions {
  // A method of TokenBrokerService: `GetAccessToken`.
  std::string method;
  // The request as JSON, in protobuf's mapping.
  std::string request = "{}";
  std::string address = "127.0.0.1:7443";
  // PEM files for mutual TLS: all three or none.
  std::string ca_file;
  std::string certificate_file;
  std::string private_key_file;
  absl::Duration timeout = absl::Seconds(30);
};

// `token-broker call`: makes one call, prints the response as JSON on standard
// output, or code, reason and message on standard error. Returns the exit code.
int RunCall(const CallOptions& options);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_CALL_COMMAND_H_
