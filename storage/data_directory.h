// SPDX-License-Identifier: Apache-2.0
//
// What may stand in a data directory before RocksDB looks at it. RocksDB alone
// would start empty over a directory that lost its file CURRENT or its log, and
// beside anybody's files.
//
// A store is made under a marker file, CREATING, which goes when the store is
// whole. So a directory is exactly one of:
//
//   empty, or with the marker    nothing was ever acknowledged: make a store
//   with CURRENT and a log       a store: open it, never make anything
//   anything else                refused
#ifndef TOKENBROKER_STORAGE_DATA_DIRECTORY_H_
#define TOKENBROKER_STORAGE_DATA_DIRECTORY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tokenbroker {

enum class DirectoryState { kToBeMade, kStore };

// Makes the directory if it is absent (its parent must be there), and the
// marker if it is empty but for `lost+found`. Errors: kFailedPrecondition,
// foreign files; kDataLoss, a store that lost files; kPermissionDenied, not
// ours to use; kUnavailable, the disk does not do it.
absl::StatusOr<DirectoryState> PrepareDataDirectory(const std::string& path);

// Removes the marker, durably.
absl::Status FinishDataDirectory(const std::string& path);

}  // namespace tokenbroker

#endif  // TOKENBROKER_STORAGE_DATA_DIRECTORY_H_
