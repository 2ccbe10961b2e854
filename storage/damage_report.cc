// SPDX-License-Identifier: Apache-2.0
#include "storage/damage_report.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/rows.h"

namespace tokenbroker {

void DamageReport::Note(absl::string_view table, absl::string_view row,
                        absl::string_view detail) {
  const MutexLock lock(&mutex_);
  if (places_.size() >= kMostPlaces) return;
  const bool is_new =
      places_
          .insert(absl::StrCat(table, absl::string_view("\0", 1),
                               row.empty() ? detail : row))
          .second;
  if (!is_new) return;
  const ConnectionKey key = OwnerOfRow(table, row);
  fresh_.push_back({std::string(table), key.provider, key.subject,
                    places_.size() < kMostPlaces
                        ? std::string(detail)
                        : "more places are damaged than are told"});
}

std::vector<Damage> DamageReport::Take() {
  const MutexLock lock(&mutex_);
  return std::exchange(fresh_, {});
}

}  // namespace tokenbroker
