// SPDX-License-Identifier: Apache-2.0
#include "storage/rocks_listener.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "rocksdb/db.h"

namespace tokenbroker {

void RocksListener::SetFamilies(
    std::vector<rocksdb::ColumnFamilyHandle*> families) {
  const MutexLock lock(&mutex_);
  families_ = std::move(families);
}

void RocksListener::Fail(absl::string_view detail) {
  const MutexLock lock(&mutex_);
  if (!failure_.ok()) return;
  failure_ = absl::InternalError(absl::StrCat(
      "storage: a write failed (", detail,
      "), and no other is accepted: see to the disk, then start again"));
}

absl::Status RocksListener::failure() const {
  const MutexLock lock(&mutex_);
  return failure_;
}

void RocksListener::OnBackgroundError(rocksdb::BackgroundErrorReason reason,
                                      rocksdb::Status* error) {
  if (reason == rocksdb::BackgroundErrorReason::kCompaction &&
      error->IsCorruption()) {
    *error = rocksdb::Status::OK();
    return;
  }
  Fail(error->ToString());
}

void RocksListener::OnCompactionCompleted(
    rocksdb::DB* database, const rocksdb::CompactionJobInfo& info) {
  if (!info.status.IsCorruption()) return;
  damage_.Note(info.cf_name, "", info.status.ToString());
  // RocksDB would try it again every second, and when enough tables are left
  // unmerged, have writes wait for it.
  const MutexLock lock(&mutex_);
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    if (family->GetName() != info.cf_name) continue;
    database->SetOptions(family, {{"disable_auto_compactions", "true"}})
        .PermitUncheckedError();
  }
}

}  // namespace tokenbroker
