// SPDX-License-Identifier: Apache-2.0
//
// The keyring's file on disk: who may read it, and how a new one is made.
#ifndef TOKENBROKER_STORAGE_KEYRING_FILE_H_
#define TOKENBROKER_STORAGE_KEYRING_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/secret.h"

namespace tokenbroker {

class Random;

// Reads a keyring file. It must be a regular file (or a link to one) that its
// owner alone can use: no bits for others, none for the group either, except
// that a file of root's may be readable for the group, as Kubernetes mounts a
// Secret for a pod that does not run as root.
//
// kNotFound if there is none; kPermissionDenied if others could read it or we
// cannot; kInvalidArgument if it is no file of at most 64 KiB; kUnavailable if
// reading fails.
absl::StatusOr<Secret> ReadKeyringFile(const std::string& path);

// Writes a keyring with one new key, readable for its owner only, durably. The
// key's ID is made of the day of `now` (UTC) and 3 random bytes, such as
// `k20261123-1a2b3c`. Never overwrites: kAlreadyExists. kPermissionDenied or
// kUnavailable if it cannot be written.
absl::Status WriteNewKeyring(const std::string& path, Random& random,
                             absl::Time now);

}  // namespace tokenbroker

#endif  // TOKENBROKER_STORAGE_KEYRING_FILE_H_
