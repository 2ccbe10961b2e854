// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_STORAGE_MEMORY_TOKEN_STORE_H_
#define TOKENBROKER_STORAGE_MEMORY_TOKEN_STORE_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "broker/mutex.h"
#include "broker/token_store.h"

namespace tokenbroker {

// The model of a token store: forgets everything when it goes. For tests, and
// to be read beside RocksTokenStore. Never fails.
class MemoryTokenStore final : public TokenStore {
 public:
  // From now on the row of this connection cannot be read.
  void DamageConnection(const ConnectionKey& key);

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
  // Provider, time, subject.
  using DuePlace = std::tuple<std::string, absl::Time, std::string>;
  // Connection, kind, and the ID of a code: a connection has one place for a
  // refresh.
  using AttemptPlace = std::tuple<ConnectionKey, int, std::string>;

  static AttemptPlace PlaceOf(const storage::v1::AttemptRecord& attempt);
  absl::StatusOr<std::optional<storage::v1::ConnectionRecord>> Find(
      const ConnectionKey& key) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EraseDue(const ConnectionKey& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<storage::v1::AttemptRecord> FindOpen(
      const storage::v1::AttemptRecord& attempt) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  std::map<ConnectionKey, storage::v1::ConnectionRecord> connections_
      ABSL_GUARDED_BY(mutex_);
  // Those of them that are damaged.
  std::set<ConnectionKey> damaged_ ABSL_GUARDED_BY(mutex_);
  std::vector<Damage> damage_ ABSL_GUARDED_BY(mutex_);
  std::set<DuePlace> due_ ABSL_GUARDED_BY(mutex_);
  std::map<AttemptPlace, storage::v1::AttemptRecord> attempts_
      ABSL_GUARDED_BY(mutex_);
  std::map<std::string, storage::v1::AuthorizationRecord> authorizations_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_STORAGE_MEMORY_TOKEN_STORE_H_
