// SPDX-License-Identifier: Apache-2.0
//
// Proves that a keyring fits a store: without it a broker with the wrong keys
// would start, serve nothing, and seal new tokens beside the old.
#ifndef TOKENBROKER_STORAGE_STORE_IDENTITY_H_
#define TOKENBROKER_STORAGE_STORE_IDENTITY_H_

#include "absl/status/status.h"
#include "tokenbroker/storage/v1/records.pb.h"

namespace tokenbroker {

class Keyring;
class Random;

// For an empty store. The proof is bound to the index key too.
storage::v1::StoreIdentity NewIdentity(const Keyring& keyring, Random& random);

// kFailedPrecondition if the format is not one we know; kPermissionDenied if
// the keyring does not open the proof.
absl::Status CheckIdentity(const storage::v1::StoreIdentity& identity,
                           const Keyring& keyring);

}  // namespace tokenbroker

#endif  // TOKENBROKER_STORAGE_STORE_IDENTITY_H_
