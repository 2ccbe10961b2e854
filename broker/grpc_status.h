// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_GRPC_STATUS_H_
#define TOKENBROKER_BROKER_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"

namespace tokenbroker {

// An API error (errors.h) as gRPC sends it: code, message, and its payloads as
// details of a google.rpc.Status.
grpc::Status ToGrpcStatus(const absl::Status& status);

// The trailer `grpc-retry-pushback-ms` (gRFC A6), which gRPC clients obey: how
// long to wait before a retry, or -1 to stop retrying.
inline constexpr char kPushbackTrailer[] = "grpc-retry-pushback-ms";
std::string PushbackOf(const absl::Status& status);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_GRPC_STATUS_H_
