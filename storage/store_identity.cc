// SPDX-License-Identifier: Apache-2.0
#include "storage/store_identity.h"

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "broker/keyring.h"
#include "broker/random.h"

namespace tokenbroker {
namespace {

using storage::v1::StoreIdentity;

constexpr int kFormat = 1;
constexpr size_t kIdBytes = 16;

// The hash of the ID depends on the index key, so a keyring with another one
// does not fit either.
std::string ProofContext(const StoreIdentity& identity,
                         const Keyring& keyring) {
  return absl::StrCat("identity:", identity.format(), ":",
                      keyring.KeyedHash("identity", identity.id()));
}

}  // namespace

StoreIdentity NewIdentity(const Keyring& keyring, Random& random) {
  StoreIdentity identity;
  identity.set_format(kFormat);
  identity.set_id(random.Bytes(kIdBytes));
  *identity.mutable_proof() =
      keyring.Seal(ProofContext(identity, keyring), Secret(identity.id()));
  return identity;
}

absl::Status CheckIdentity(const StoreIdentity& identity,
                           const Keyring& keyring) {
  if (identity.format() != kFormat) {
    return absl::FailedPreconditionError(absl::StrCat(
        "its data has format ", identity.format(), ", this broker knows ",
        kFormat, ": start the broker that wrote it"));
  }
  const absl::StatusOr<Secret> id =
      keyring.Open(ProofContext(identity, keyring), identity.proof());
  if (!id.ok()) {
    return absl::PermissionDeniedError(absl::StrCat(
        "the keyring does not fit this data directory (", id.status().message(),
        "): start with the keyring it was made with"));
  }
  if (!id->Matches(identity.id())) {
    return absl::PermissionDeniedError(
        "the keyring does not fit this data directory: start with the keyring "
        "it was made with");
  }
  return absl::OkStatus();
}

}  // namespace tokenbroker
