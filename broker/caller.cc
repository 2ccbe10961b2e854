// SPDX-License-Identifier: Apache-2.0
#include "broker/caller.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include <vector>

#include "broker/errors.h"

namespace tokenbroker {
namespace {

std::string First(const std::vector<grpc::string_ref>& values) {
  if (values.empty()) return "";
  return std::string(values.front().data(), values.front().size());
}

}  // namespace

absl::StatusOr<std::string> CallerOf(const grpc::AuthContext& context) {
  const std::string transport = First(
      context.FindPropertyValues(GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME));
  if (transport != GRPC_SSL_TRANSPORT_SECURITY_TYPE &&
      transport != GRPC_TLS_TRANSPORT_SECURITY_TYPE) {
    return "anonymous";
  }
  std::string name =
      First(context.FindPropertyValues(GRPC_PEER_SPIFFE_ID_PROPERTY_NAME));
  if (name.empty()) {
    name = First(context.FindPropertyValues(GRPC_PEER_DNS_PROPERTY_NAME));
  }
  // No certificate may call itself what only a plaintext listener calls.
  if (name.empty() || name == "anonymous") return CallerUnauthenticatedError();
  return name;
}

}  // namespace tokenbroker
