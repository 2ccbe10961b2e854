// SPDX-License-Identifier: Apache-2.0
#include "broker/exit_code.h"

namespace tokenbroker {

int ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitClean;
    // A wrong or missing file, a port in use, a directory of somebody else's.
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      return kExitUsage;
    case absl::StatusCode::kDataLoss:
      return kExitDamaged;
    case absl::StatusCode::kAborted:
      return kExitInUse;
    case absl::StatusCode::kPermissionDenied:
      return kExitPermission;
    default:
      return kExitStorage;
  }
}

}  // namespace tokenbroker
