// SPDX-License-Identifier: Apache-2.0
#include "storage/memory_token_store.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "broker/damaged_connection.h"
#include "broker/status_macros.h"
#include "storage/protocol_rules.h"
#include "storage/record_bytes.h"
#include "storage/rows.h"

namespace tokenbroker {

using storage::v1::AttemptRecord;
using storage::v1::AuthorizationRecord;
using storage::v1::ConnectionRecord;
using storage::v1::Sealed;

void MemoryTokenStore::DamageConnection(const ConnectionKey& key) {
  const MutexLock lock(&mutex_);
  if (connections_.count(key) == 0 || !damaged_.insert(key).second) return;
  damage_.push_back({"connections", key.provider, key.subject, "planted"});
}

absl::StatusOr<ConnectionRecord> MemoryTokenStore::Get(
    const ConnectionKey& key) {
  const MutexLock lock(&mutex_);
  ABSL_ASSIGN_OR_RETURN(std::optional<ConnectionRecord> record, Find(key));
  if (!record.has_value()) return absl::NotFoundError("no such connection");
  return *std::move(record);
}

absl::StatusOr<std::vector<ConnectionRecord>> MemoryTokenStore::List(
    const ListRequest& request) {
  const MutexLock lock(&mutex_);
  std::vector<ConnectionRecord> found;
  for (const auto& [key, record] : connections_) {
    if (static_cast<int>(found.size()) >= request.limit) break;
    if (request.after.has_value() && !(*request.after < key)) continue;
    if (!request.subject.empty() &&
        request.subject != SplitSubject(key.subject).subject) {
      continue;
    }
    if (std::binary_search(request.providers.begin(), request.providers.end(),
                           key.provider)) {
      found.push_back(damaged_.count(key) == 0 ? record
                                               : DamagedConnection(key));
    }
  }
  return found;
}

absl::Status MemoryTokenStore::Remove(const ConnectionKey& key) {
  const MutexLock lock(&mutex_);
  if (connections_.erase(key) == 0) {
    return absl::NotFoundError("no such connection");
  }
  damaged_.erase(key);
  EraseDue(key);
  std::erase_if(attempts_, [&key](const auto& attempt) {
    return std::get<ConnectionKey>(attempt.first) == key;
  });
  return absl::OkStatus();
}

absl::Status MemoryTokenStore::Writable() { return absl::OkStatus(); }

absl::Status MemoryTokenStore::Begin(const AttemptRecord& attempt) {
  const MutexLock lock(&mutex_);
  ABSL_RETURN_IF_ERROR(
      CheckBegin(attempt, FindOpen(attempt), Find(KeyOf(attempt))));
  ABSL_RETURN_IF_ERROR(RecordBytes(attempt).status());
  attempts_[PlaceOf(attempt)] = attempt;
  return absl::OkStatus();
}

absl::Status MemoryTokenStore::KeepResponse(const AttemptRecord& attempt,
                                            const Sealed& response) {
  const MutexLock lock(&mutex_);
  ABSL_RETURN_IF_ERROR(CheckOpen(attempt, FindOpen(attempt)));
  ABSL_RETURN_IF_ERROR(RecordBytes(response).status());
  *attempts_[PlaceOf(attempt)].mutable_response() = response;
  return absl::OkStatus();
}

absl::Status MemoryTokenStore::Commit(const AttemptRecord& attempt,
                                      const ConnectionRecord& next) {
  const MutexLock lock(&mutex_);
  const ConnectionKey key = KeyOf(attempt);
  ABSL_RETURN_IF_ERROR(
      CheckCommit(attempt, next, FindOpen(attempt), Find(key)));
  ABSL_RETURN_IF_ERROR(RecordBytes(next).status());
  EraseDue(key);
  if (next.connection().has_refresh_time()) {
    due_.insert({key.provider, IndexTime(next.connection().refresh_time()),
                 key.subject});
  }
  connections_[key] = next;
  damaged_.erase(key);
  attempts_.erase(PlaceOf(attempt));
  attempts_.erase({key, AttemptRecord::KIND_REFRESH, ""});
  return absl::OkStatus();
}

absl::Status MemoryTokenStore::Abandon(const AttemptRecord& attempt) {
  const MutexLock lock(&mutex_);
  if (CheckOpen(attempt, FindOpen(attempt)).ok()) {
    attempts_.erase(PlaceOf(attempt));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<AttemptRecord>> MemoryTokenStore::OpenAttempts() {
  const MutexLock lock(&mutex_);
  std::vector<AttemptRecord> open;
  for (const auto& [place, attempt] : attempts_) open.push_back(attempt);
  return open;
}

absl::StatusOr<std::vector<DueEntry>> MemoryTokenStore::Due(
    absl::string_view provider, const std::optional<DueEntry>& after,
    absl::Time until, int limit) {
  const MutexLock lock(&mutex_);
  const std::string name(provider);
  auto place =
      after.has_value()
          ? due_.upper_bound({name, after->refresh_time, after->key.subject})
          : due_.lower_bound({name, absl::InfinitePast(), ""});
  std::vector<DueEntry> found;
  for (; place != due_.end(); ++place) {
    const auto& [due_provider, time, subject] = *place;
    if (due_provider != name || time > until) break;
    if (static_cast<int>(found.size()) >= limit) break;
    const auto connection = connections_.find({name, subject});
    found.push_back({.refresh_time = time,
                     .key = {name, subject},
                     .urgent = connection != connections_.end() &&
                               IsUrgent(connection->second)});
  }
  return found;
}

absl::Status MemoryTokenStore::Remember(
    absl::string_view state_hash, const AuthorizationRecord& authorization) {
  const MutexLock lock(&mutex_);
  ABSL_RETURN_IF_ERROR(RecordBytes(authorization).status());
  authorizations_[std::string(state_hash)] = authorization;
  return absl::OkStatus();
}

absl::StatusOr<AuthorizationRecord> MemoryTokenStore::Take(
    absl::string_view state_hash) {
  const MutexLock lock(&mutex_);
  auto taken = authorizations_.extract(std::string(state_hash));
  if (taken.empty()) return absl::NotFoundError("no such authorization");
  return std::move(taken.mapped());
}

absl::StatusOr<int> MemoryTokenStore::ForgetExpired(absl::Time time,
                                                    int limit) {
  const MutexLock lock(&mutex_);
  std::vector<std::pair<absl::Time, std::string>> expired;
  for (const auto& [hash, authorization] : authorizations_) {
    const absl::Time expire_time = IndexTime(authorization.expire_time());
    if (expire_time < IndexTime(time)) expired.emplace_back(expire_time, hash);
  }
  std::sort(expired.begin(), expired.end());
  const size_t count =
      std::min(expired.size(), static_cast<size_t>(std::max(limit, 0)));
  for (size_t i = 0; i < count; ++i) authorizations_.erase(expired[i].second);
  return static_cast<int>(count);
}

std::vector<Damage> MemoryTokenStore::TakeDamage() {
  const MutexLock lock(&mutex_);
  return std::exchange(damage_, {});
}

MemoryTokenStore::AttemptPlace MemoryTokenStore::PlaceOf(
    const AttemptRecord& attempt) {
  const bool is_code = attempt.kind() == AttemptRecord::KIND_CODE;
  return {KeyOf(attempt), attempt.kind(), is_code ? attempt.id() : ""};
}

absl::StatusOr<std::optional<ConnectionRecord>> MemoryTokenStore::Find(
    const ConnectionKey& key) const {
  if (damaged_.count(key) != 0) return absl::DataLossError("planted");
  const auto found = connections_.find(key);
  if (found == connections_.end()) return std::nullopt;
  return found->second;
}

void MemoryTokenStore::EraseDue(const ConnectionKey& key) {
  std::erase_if(due_, [&key](const DuePlace& place) {
    return std::get<0>(place) == key.provider &&
           std::get<2>(place) == key.subject;
  });
}

std::optional<AttemptRecord> MemoryTokenStore::FindOpen(
    const AttemptRecord& attempt) const {
  const auto found = attempts_.find(PlaceOf(attempt));
  if (found == attempts_.end()) return std::nullopt;
  return found->second;
}

}  // namespace tokenbroker
