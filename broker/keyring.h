// SPDX-License-Identifier: Apache-2.0
//
// Seam: seals secrets for storage.
#ifndef TOKENBROKER_BROKER_KEYRING_H_
#define TOKENBROKER_BROKER_KEYRING_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/secret.h"
#include "tokenbroker/storage/v1/records.pb.h"

namespace tokenbroker {

// Thread-safe. A context is any bytes that say where a secret belongs;
// sealing.h spells them all.
class Keyring {
 public:
  virtual ~Keyring() = default;

  // Encrypts and authenticates `secret` under the primary key, bound to
  // `context`. Two seals of the same secret differ.
  virtual storage::v1::Sealed Seal(absl::string_view context,
                                   const Secret& secret) const = 0;

  // kDataLoss if anything differs from what was sealed: a byte, the context,
  // the key ID. kFailedPrecondition if the keyring lacks the key, or the format
  // is unknown.
  virtual absl::StatusOr<Secret> Open(
      absl::string_view context, const storage::v1::Sealed& sealed) const = 0;

  // A keyed hash of `data` of 32 bytes, the same for the life of the data
  // whatever key is primary. `context` separates uses.
  virtual std::string KeyedHash(absl::string_view context,
                                absl::string_view data) const = 0;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_KEYRING_H_
