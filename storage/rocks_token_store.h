// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_STORAGE_ROCKS_TOKEN_STORE_H_
#define TOKENBROKER_STORAGE_ROCKS_TOKEN_STORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "broker/token_store.h"
#include "storage/key_locks.h"

namespace tokenbroker {

class Keyring;
class Random;
class RocksDatabase;
// A token store in an embedded RocksDB; README.md of this folder has every
// byte. One process at a time. Each verb is one atomic write that is on disk
// before it returns; writes on different keys share a sync.
//
// After a failed sync RocksDB refuses every further write (kUnavailable, and
// Writable is kInternal) until the store is opened again; reads go on.
class RocksTokenStore final : public TokenStore {
 public:
  // Opens the data directory, or makes one if it is absent or empty. Errors are
  // one line with the path and what to do:
  //   kPermissionDenied    the keyring does not fit, or the directory is not
  //                        ours to use
  //   kFailedPrecondition  foreign files, or a format of another version
  //   kAborted             another process has it
  //   kDataLoss            damaged
  //   kUnavailable         the disk does not do it now
  // With less than `least_free_bytes` free on the disk, it is not Writable.
  static absl::StatusOr<std::unique_ptr<RocksTokenStore>> Open(
      const std::string& path, const Keyring& keyring, Random& random,
      uint64_t least_free_bytes);

  // No call may be under way. Lets the directory go.
  ~RocksTokenStore() override;

  absl::StatusOr<storage::v1::ConnectionRecord> Get(
      const ConnectionKey& key) override;
  absl::StatusOr<std::vector<storage::v1::ConnectionRecord>> List(
      const ListRequest& request) override;
  absl::Status Remove(const ConnectionKey& key) override;
  absl::Status Writable() override;
  absl::Status Begin(const storage::v1::AttemptRecord& attempt) override;
  absl::Status KeepResponse(const storage::v1::AttemptRecord& attempt,
                            const storage::v1::Sealed& response) override;
  absl::Status Commit(const storage::v1::AttemptRecord& attempt,
                      const storage::v1::ConnectionRecord& next) override;
  absl::Status Abandon(const storage::v1::AttemptRecord& attempt) override;
  absl::StatusOr<std::vector<storage::v1::AttemptRecord>> OpenAttempts()
      override;
  absl::StatusOr<std::vector<DueEntry>> Due(
      absl::string_view provider, const std::optional<DueEntry>& after,
      absl::Time until, int limit) override;
  absl::Status Remember(
      absl::string_view state_hash,
      const storage::v1::AuthorizationRecord& authorization) override;
  absl::StatusOr<storage::v1::AuthorizationRecord> Take(
      absl::string_view state_hash) override;
  absl::StatusOr<int> ForgetExpired(absl::Time time, int limit) override;
  std::vector<Damage> TakeDamage() override;

 private:
  explicit RocksTokenStore(std::unique_ptr<RocksDatabase> database);

  using StoredConnection =
      absl::StatusOr<std::optional<storage::v1::ConnectionRecord>>;

  StoredConnection ReadConnection(const ConnectionKey& key) const;
  // What stands in the attempt's place.
  absl::StatusOr<std::optional<storage::v1::AttemptRecord>> ReadOpen(
      const storage::v1::AttemptRecord& attempt) const;

  const std::unique_ptr<RocksDatabase> database_;
  // Held from reading through writing: the one exception to "no lock across
  // I/O". A key's writers wait for each other, nobody else's.
  KeyLocks connection_locks_;     // by ConnectionRow
  KeyLocks authorization_locks_;  // by state hash
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_STORAGE_ROCKS_TOKEN_STORE_H_
