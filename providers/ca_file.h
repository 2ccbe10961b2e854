// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_PROVIDERS_CA_FILE_H_
#define TOKENBROKER_PROVIDERS_CA_FILE_H_

#include <string>

#include "absl/status/status.h"

namespace tokenbroker {

// Whether the file at `path` holds PEM certificates, one at least and all of
// them whole: what curl will take. kInvalidArgument, or as ReadFile; the
// message names the file.
absl::Status CheckCaFile(const std::string& path);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_CA_FILE_H_
