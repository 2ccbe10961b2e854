// SPDX-License-Identifier: Apache-2.0
#include "storage/rocks_token_store.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/damaged_connection.h"
#include "broker/failpoints.h"
#include "broker/status_macros.h"
#include "storage/protocol_rules.h"
#include "storage/record_bytes.h"
#include "storage/rocks_database.h"
#include "storage/rows.h"
#include "storage/store_identity.h"

namespace tokenbroker {

using storage::v1::AttemptRecord;
using storage::v1::AuthorizationRecord;
using storage::v1::ConnectionRecord;
using storage::v1::Sealed;
using storage::v1::StoreIdentity;
using Batch = RocksDatabase::Batch;
using Entry = RocksDatabase::Entry;

namespace {

// How many rows a search holds in memory at a time.
constexpr size_t kSearchBatch = 1000;

absl::Status Identify(const std::string& path, DirectoryState state,
                      const Keyring& keyring, Random& random,
                      RocksDatabase* database) {
  const auto identity =
      database->Read<StoreIdentity>(Family::kDefault, kIdentityRow);
  if (absl::IsDataLoss(identity.status())) {
    return absl::DataLossError(absl::StrCat(
        "data directory ", path, " is damaged (", identity.status().message(),
        "): restore it from a backup"));
  }
  ABSL_RETURN_IF_ERROR(identity.status());
  if (identity->has_value()) {
    absl::Status fits = CheckIdentity(**identity, keyring);
    if (fits.ok()) return fits;
    return absl::Status(fits.code(), absl::StrCat("data directory ", path, ": ",
                                                  fits.message()));
  }
  if (state == DirectoryState::kStore) {
    return absl::FailedPreconditionError(
        absl::StrCat("data directory ", path,
                     " holds a database without a broker's identity: name an "
                     "empty one, or restore it from a backup"));
  }
  Batch batch(*database);
  batch.Put(Family::kDefault, kIdentityRow,
            NewIdentity(keyring, random).SerializeAsString());
  return database->Write(&batch);
}

// Takes the connection's place out of the due index.
absl::Status DeleteDue(
    const RocksDatabase& database, const ConnectionKey& key,
    const absl::StatusOr<std::optional<ConnectionRecord>>& connection,
    Batch* batch) {
  if (connection.ok()) {
    if (connection->has_value() &&
        (*connection)->connection().has_refresh_time()) {
      batch->Delete(
          Family::kDue,
          DueRow(key, IndexTime((*connection)->connection().refresh_time())));
    }
    return absl::OkStatus();
  }
  if (!absl::IsDataLoss(connection.status())) return connection.status();
  // A damaged row does not say where its place is: search for it.
  std::string first = ProviderPrefix(key.provider);
  const std::string end = BehindPrefix(first);
  for (;;) {
    ABSL_ASSIGN_OR_RETURN(
        const std::vector<Entry> entries,
        database.Scan(Family::kDue, first, end, kSearchBatch));
    for (const Entry& entry : entries) {
      const std::optional<DueEntry> due = ParseDueRow(entry.row);
      if (due.has_value() && due->key == key) {
        batch->Delete(Family::kDue, entry.row);
      }
    }
    if (entries.size() < kSearchBatch) return absl::OkStatus();
    first = Behind(entries.back().row);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<RocksTokenStore>> RocksTokenStore::Open(
    const std::string& path, const Keyring& keyring, Random& random,
    uint64_t least_free_bytes) {
  ABSL_ASSIGN_OR_RETURN(const DirectoryState state, PrepareDataDirectory(path));
  ABSL_ASSIGN_OR_RETURN(std::unique_ptr<RocksDatabase> database,
                        RocksDatabase::Open(path, state, least_free_bytes));
  ABSL_RETURN_IF_ERROR(Identify(path, state, keyring, random, database.get()));
  if (state == DirectoryState::kToBeMade) {
    TOKENBROKER_FAILPOINT("create.before_finish");
    ABSL_RETURN_IF_ERROR(FinishDataDirectory(path));
    TOKENBROKER_FAILPOINT("create.after_finish");
  }
  return std::unique_ptr<RocksTokenStore>(
      new RocksTokenStore(std::move(database)));
}

RocksTokenStore::RocksTokenStore(std::unique_ptr<RocksDatabase> database)
    : database_(std::move(database)) {}

RocksTokenStore::~RocksTokenStore() = default;

// --- Connections ---

absl::StatusOr<ConnectionRecord> RocksTokenStore::Get(
    const ConnectionKey& key) {
  ABSL_ASSIGN_OR_RETURN(std::optional<ConnectionRecord> record,
                        ReadConnection(key));
  if (!record.has_value()) return absl::NotFoundError("no such connection");
  return *std::move(record);
}

absl::StatusOr<std::vector<ConnectionRecord>> RocksTokenStore::List(
    const ListRequest& request) {
  std::vector<ConnectionRecord> found;
  for (const std::string& provider : request.providers) {
    const std::string prefix = ProviderPrefix(provider);
    std::string first = prefix + request.subject;
    const std::string end = request.subject.empty()
                                ? BehindPrefix(prefix)
                                : BehindSubject(provider, request.subject);
    if (request.after.has_value()) {
      first = std::max(first, Behind(ConnectionRow(*request.after)));
    }
    if (first >= end) continue;
    const int left = request.limit - static_cast<int>(found.size());
    if (left <= 0) break;
    ABSL_ASSIGN_OR_RETURN(
        const std::vector<Entry> entries,
        database_->Scan(Family::kConnections, first, end, left));
    for (const Entry& entry : entries) {
      ConnectionRecord& record = found.emplace_back();
      if (record.ParseFromString(entry.value) &&
          ConnectionRow(KeyOf(record)) == entry.row) {
        continue;
      }
      database_->Damaged(Family::kConnections, entry.row).IgnoreError();
      record = DamagedConnection(ParseConnectionRow(entry.row));
    }
  }
  return found;
}

absl::Status RocksTokenStore::Remove(const ConnectionKey& key) {
  const KeysLock lock(&connection_locks_, {ConnectionRow(key)});
  const StoredConnection connection = ReadConnection(key);
  if (connection.ok() && !connection->has_value()) {
    return absl::NotFoundError("no such connection");
  }
  const std::string attempts = AttemptsPrefix(key);
  ABSL_ASSIGN_OR_RETURN(
      const std::vector<Entry> open,
      database_->Scan(Family::kAttempts, attempts, BehindPrefix(attempts),
                      std::numeric_limits<int>::max()));
  Batch batch(*database_);
  for (const Entry& entry : open) batch.Delete(Family::kAttempts, entry.row);
  ABSL_RETURN_IF_ERROR(DeleteDue(*database_, key, connection, &batch));
  batch.Delete(Family::kConnections, ConnectionRow(key));
  return database_->Write(&batch);
}

// --- The refresh protocol ---

absl::Status RocksTokenStore::Writable() { return database_->Writable(); }

absl::Status RocksTokenStore::Begin(const AttemptRecord& attempt) {
  if (TOKENBROKER_STEP_IS_OFF("storage.attempt")) return absl::OkStatus();
  const ConnectionKey key = KeyOf(attempt);
  const KeysLock lock(&connection_locks_, {ConnectionRow(key)});
  ABSL_ASSIGN_OR_RETURN(const std::optional<AttemptRecord> open,
                        ReadOpen(attempt));
  ABSL_RETURN_IF_ERROR(CheckBegin(attempt, open, ReadConnection(key)));
  ABSL_ASSIGN_OR_RETURN(const std::string bytes, RecordBytes(attempt));
  Batch batch(*database_);
  batch.Put(Family::kAttempts, AttemptRow(attempt), bytes);
  return database_->Write(&batch);
}

absl::Status RocksTokenStore::KeepResponse(const AttemptRecord& attempt,
                                           const Sealed& response) {
  if (TOKENBROKER_STEP_IS_OFF("storage.attempt")) return absl::OkStatus();
  const KeysLock lock(&connection_locks_, {ConnectionRow(KeyOf(attempt))});
  ABSL_ASSIGN_OR_RETURN(std::optional<AttemptRecord> open, ReadOpen(attempt));
  ABSL_RETURN_IF_ERROR(CheckOpen(attempt, open));
  *open->mutable_response() = response;
  ABSL_ASSIGN_OR_RETURN(const std::string bytes, RecordBytes(*open));
  Batch batch(*database_);
  batch.Put(Family::kAttempts, AttemptRow(*open), bytes);
  return database_->Write(&batch);
}

absl::Status RocksTokenStore::Commit(const AttemptRecord& attempt,
                                     const ConnectionRecord& next) {
  const ConnectionKey key = KeyOf(attempt);
  const KeysLock lock(&connection_locks_, {ConnectionRow(key)});
  ABSL_ASSIGN_OR_RETURN(const std::optional<AttemptRecord> open,
                        ReadOpen(attempt));
  const StoredConnection connection = ReadConnection(key);
  ABSL_RETURN_IF_ERROR(CheckCommit(attempt, next, open, connection));
  ABSL_ASSIGN_OR_RETURN(const std::string bytes, RecordBytes(next));
  Batch batch(*database_);
  batch.Delete(Family::kAttempts, AttemptRow(attempt));
  // Whatever refresh is under way, or can be read no more, is of the old grant.
  batch.Delete(Family::kAttempts, RefreshRow(key));
  // Order counts: the next place in the index may be the old one.
  ABSL_RETURN_IF_ERROR(DeleteDue(*database_, key, connection, &batch));
  if (next.connection().has_refresh_time()) {
    batch.Put(Family::kDue,
              DueRow(key, IndexTime(next.connection().refresh_time())),
              IsUrgent(next) ? kUrgent : "");
  }
  batch.Put(Family::kConnections, ConnectionRow(key), bytes);
  return database_->Write(&batch);
}

absl::Status RocksTokenStore::Abandon(const AttemptRecord& attempt) {
  const KeysLock lock(&connection_locks_, {ConnectionRow(KeyOf(attempt))});
  ABSL_ASSIGN_OR_RETURN(const std::optional<AttemptRecord> open,
                        ReadOpen(attempt));
  if (!CheckOpen(attempt, open).ok()) return absl::OkStatus();
  Batch batch(*database_);
  batch.Delete(Family::kAttempts, AttemptRow(attempt));
  return database_->Write(&batch);
}

absl::StatusOr<std::vector<AttemptRecord>> RocksTokenStore::OpenAttempts() {
  ABSL_ASSIGN_OR_RETURN(const std::vector<Entry> entries,
                        database_->Scan(Family::kAttempts, "", "",
                                        std::numeric_limits<int>::max()));
  std::vector<AttemptRecord> attempts;
  for (const Entry& entry : entries) {
    AttemptRecord attempt;
    if (attempt.ParseFromString(entry.value) &&
        AttemptRow(attempt) == entry.row) {
      attempts.push_back(std::move(attempt));
    } else {
      database_->Damaged(Family::kAttempts, entry.row).IgnoreError();
    }
  }
  return attempts;
}

absl::StatusOr<std::vector<DueEntry>> RocksTokenStore::Due(
    absl::string_view provider, const std::optional<DueEntry>& after,
    absl::Time until, int limit) {
  std::string first = ProviderPrefix(provider);
  if (after.has_value()) {
    first = Behind(DueRow({std::string(provider), after->key.subject},
                          after->refresh_time));
  }
  const std::string end = DueRowsEnd(provider, until);
  std::vector<DueEntry> due;
  // Once, unless damaged rows leave room for more.
  while (static_cast<int>(due.size()) < limit && first < end) {
    const int left = limit - static_cast<int>(due.size());
    ABSL_ASSIGN_OR_RETURN(const std::vector<Entry> entries,
                          database_->Scan(Family::kDue, first, end, left));
    for (const Entry& entry : entries) {
      std::optional<DueEntry> parsed = ParseDueRow(entry.row);
      if (parsed.has_value()) {
        parsed->urgent = entry.value == kUrgent;
        due.push_back(*std::move(parsed));
      } else {
        database_->Damaged(Family::kDue, entry.row).IgnoreError();
      }
    }
    if (static_cast<int>(entries.size()) < left) break;
    first = Behind(entries.back().row);
  }
  return due;
}

// --- Authorizations ---

absl::Status RocksTokenStore::Remember(
    absl::string_view state_hash, const AuthorizationRecord& authorization) {
  const KeysLock lock(&authorization_locks_, {std::string(state_hash)});
  ABSL_ASSIGN_OR_RETURN(const std::string bytes, RecordBytes(authorization));
  Batch batch(*database_);
  batch.Put(Family::kAuthorizations, state_hash, bytes);
  batch.Put(Family::kExpiries,
            ExpiryRow(state_hash, IndexTime(authorization.expire_time())), "");
  return database_->Write(&batch);
}

absl::StatusOr<AuthorizationRecord> RocksTokenStore::Take(
    absl::string_view state_hash) {
  const KeysLock lock(&authorization_locks_, {std::string(state_hash)});
  ABSL_ASSIGN_OR_RETURN(std::optional<AuthorizationRecord> authorization,
                        database_->Read<AuthorizationRecord>(
                            Family::kAuthorizations, state_hash));
  if (!authorization.has_value()) {
    return absl::NotFoundError("no such authorization");
  }
  Batch batch(*database_);
  batch.Delete(Family::kAuthorizations, state_hash);
  batch.Delete(Family::kExpiries,
               ExpiryRow(state_hash, IndexTime(authorization->expire_time())));
  ABSL_RETURN_IF_ERROR(database_->Write(&batch));
  return *std::move(authorization);
}

absl::StatusOr<int> RocksTokenStore::ForgetExpired(absl::Time time, int limit) {
  ABSL_ASSIGN_OR_RETURN(
      const std::vector<Entry> entries,
      database_->Scan(Family::kExpiries, "", ExpiryRowsEnd(time), limit));
  if (entries.empty()) return 0;
  Batch batch(*database_);
  std::vector<Expiry> expiries;
  std::vector<std::string> hashes;
  for (const Entry& entry : entries) {
    std::optional<Expiry> expiry = ParseExpiryRow(entry.row);
    if (!expiry.has_value()) {
      // It points at nothing, and would be in the way of every sweep.
      database_->Damaged(Family::kExpiries, entry.row).IgnoreError();
      batch.Delete(Family::kExpiries, entry.row);
      continue;
    }
    hashes.push_back(expiry->state_hash);
    expiries.push_back(*std::move(expiry));
  }

  const KeysLock lock(&authorization_locks_, hashes);
  int forgotten = 0;
  for (const Expiry& expiry : expiries) {
    batch.Delete(Family::kExpiries, ExpiryRow(expiry.state_hash, expiry.time));
    // It may have been taken since, or remembered anew for longer.
    const auto authorization = database_->Read<AuthorizationRecord>(
        Family::kAuthorizations, expiry.state_hash);
    // A damaged one can be taken by nobody, and says nothing else.
    if (!absl::IsDataLoss(authorization.status())) {
      ABSL_RETURN_IF_ERROR(authorization.status());
      if (!authorization->has_value() ||
          IndexTime((*authorization)->expire_time()) != expiry.time) {
        continue;
      }
    }
    batch.Delete(Family::kAuthorizations, expiry.state_hash);
    ++forgotten;
  }
  ABSL_RETURN_IF_ERROR(database_->Write(&batch));
  return forgotten;
}

std::vector<Damage> RocksTokenStore::TakeDamage() {
  return database_->TakeDamage();
}

RocksTokenStore::StoredConnection RocksTokenStore::ReadConnection(
    const ConnectionKey& key) const {
  ABSL_ASSIGN_OR_RETURN(std::optional<ConnectionRecord> record,
                        database_->Read<ConnectionRecord>(Family::kConnections,
                                                          ConnectionRow(key)));
  // A row that stands in another's place is damage too.
  if (record.has_value() && !(KeyOf(*record) == key)) {
    return database_->Damaged(Family::kConnections, ConnectionRow(key));
  }
  return record;
}

absl::StatusOr<std::optional<AttemptRecord>> RocksTokenStore::ReadOpen(
    const AttemptRecord& attempt) const {
  const std::string row = AttemptRow(attempt);
  ABSL_ASSIGN_OR_RETURN(std::optional<AttemptRecord> open,
                        database_->Read<AttemptRecord>(Family::kAttempts, row));
  if (open.has_value() && AttemptRow(*open) != row) {
    return database_->Damaged(Family::kAttempts, row);
  }
  return open;
}

}  // namespace tokenbroker
