// SPDX-License-Identifier: Apache-2.0
#include "broker/grpc_status.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "broker/errors.h"
#include "google/rpc/status.pb.h"

namespace tokenbroker {

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(std::string(status.message()));
  // In this order, whatever order the payloads were set in.
  for (const absl::string_view type :
       {kErrorInfoType, kBadRequestType, kRetryInfoType}) {
    if (const auto payload = status.GetPayload(type); payload.has_value()) {
      auto* any = details.add_details();
      any->set_type_url(std::string(type));
      any->set_value(std::string(*payload));
    }
  }
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      details.message(), details.SerializeAsString());
}

std::string PushbackOf(const absl::Status& status) {
  const auto delay = RetryDelayOf(status);
  return delay.has_value() ? absl::StrCat(absl::ToInt64Milliseconds(*delay))
                           : "-1";
}

}  // namespace tokenbroker
