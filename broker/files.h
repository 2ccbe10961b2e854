// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_FILES_H_
#define TOKENBROKER_BROKER_FILES_H_

#include <string>

#include "absl/status/statusor.h"

namespace tokenbroker {

// The whole of a file of at most 1 MiB. kNotFound, kPermissionDenied or
// kInvalidArgument, with the path.
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_FILES_H_
