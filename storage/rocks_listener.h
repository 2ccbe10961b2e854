// SPDX-License-Identifier: Apache-2.0
//
// What RocksDB does by itself, and what we make of it when that fails.
//
//   a merge of tables ("compaction") meets a damaged block
//                   RocksDB would refuse every write from then on. Nothing is
//                   lost by leaving the tables as they are, so the damage is
//                   told, merging stops in that family, and writes go on.
//   anything else   the store failed for good.
#ifndef TOKENBROKER_STORAGE_ROCKS_LISTENER_H_
#define TOKENBROKER_STORAGE_ROCKS_LISTENER_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "broker/mutex.h"
#include "rocksdb/listener.h"
#include "storage/damage_report.h"

namespace tokenbroker {

// Thread-safe. RocksDB shares it, and calls it on threads of its own.
class RocksListener final : public rocksdb::EventListener {
 public:
  explicit RocksListener(DamageReport& damage) : damage_(damage) {}

  // The open database's families; none before it is closed.
  void SetFamilies(std::vector<rocksdb::ColumnFamilyHandle*> families)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // From now on the store has failed for good.
  void Fail(absl::string_view detail) ABSL_LOCKS_EXCLUDED(mutex_);

  // OK, or kInternal with why the store failed for good.
  absl::Status failure() const ABSL_LOCKS_EXCLUDED(mutex_);

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason,
                         rocksdb::Status* error) override;
  void OnCompactionCompleted(rocksdb::DB* database,
                             const rocksdb::CompactionJobInfo& info) override;

 private:
  DamageReport& damage_;
  mutable Mutex mutex_;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::vector<rocksdb::ColumnFamilyHandle*> families_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_STORAGE_ROCKS_LISTENER_H_
