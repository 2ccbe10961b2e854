// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_STORAGE_DAMAGE_REPORT_H_
#define TOKENBROKER_STORAGE_DAMAGE_REPORT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "broker/mutex.h"
#include "broker/token_store.h"

namespace tokenbroker {

// What was found damaged since a store was opened: each place is told once,
// however often it is met. Remembers a bounded number of places. Thread-safe.
class DamageReport {
 public:
  static constexpr size_t kMostPlaces = 10'000;

  // `row` is the row that cannot be read; empty for a part of a file whose rows
  // are not known, which `detail` then names.
  void Note(absl::string_view table, absl::string_view row,
            absl::string_view detail) ABSL_LOCKS_EXCLUDED(mutex_);

  // What was noted since it was taken last.
  std::vector<Damage> Take() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  Mutex mutex_;
  absl::flat_hash_set<std::string> places_ ABSL_GUARDED_BY(mutex_);
  std::vector<Damage> fresh_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_STORAGE_DAMAGE_REPORT_H_
