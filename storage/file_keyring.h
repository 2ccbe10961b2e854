// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_STORAGE_FILE_KEYRING_H_
#define TOKENBROKER_STORAGE_FILE_KEYRING_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/keyring.h"
#include "storage/guarded_key.h"

namespace tokenbroker {

class Random;

// The keyring of a file: YAML of tokenbroker.config.v1.Keyring. Seals with
// XChaCha20-Poly1305 under the primary key; the associated data is format, key
// ID and context, each with its length. KeyedHash is BLAKE2b-256 keyed with the
// index key. `random` must outlive it.
class FileKeyring final : public Keyring {
 public:
  // As ReadKeyringFile, and kInvalidArgument with the place in the file if it
  // is no keyring.
  static absl::StatusOr<std::unique_ptr<FileKeyring>> Load(
      const std::string& path, Random& random);

  // `file_name` stands in errors only.
  static absl::StatusOr<std::unique_ptr<FileKeyring>> Parse(
      absl::string_view contents, Random& random,
      absl::string_view file_name = "keyring");

  storage::v1::Sealed Seal(absl::string_view context,
                           const Secret& secret) const override;
  absl::StatusOr<Secret> Open(absl::string_view context,
                              const storage::v1::Sealed& sealed) const override;
  std::string KeyedHash(absl::string_view context,
                        absl::string_view data) const override;

 private:
  using Keys = std::map<std::string, GuardedKey, std::less<>>;

  FileKeyring(std::string primary_key_id, Keys keys, GuardedKey index_key,
              Random& random);

  const std::string primary_key_id_;  // is in keys_
  const Keys keys_;
  const GuardedKey index_key_;
  Random& random_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_STORAGE_FILE_KEYRING_H_
