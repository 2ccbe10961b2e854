// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_EXIT_CODE_H_
#define TOKENBROKER_BROKER_EXIT_CODE_H_

#include "absl/status/status.h"

namespace tokenbroker {

// What the command exits with. Documented in docs/operations.md.
inline constexpr int kExitClean = 0;
inline constexpr int kExitCallRefused = 1;  // `call`: the broker said no
inline constexpr int kExitUsage = 64;       // usage or configuration
inline constexpr int kExitDamaged = 65;     // damaged data
inline constexpr int kExitStorage = 70;     // storage failed
inline constexpr int kExitInUse = 73;       // data directory in use
inline constexpr int kExitPermission = 78;  // key or permission refusal

// The exit code for a command that ended with `status`.
int ExitCodeOf(const absl::Status& status);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_EXIT_CODE_H_
