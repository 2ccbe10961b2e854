// SPDX-License-Identifier: Apache-2.0
#include "broker/store_watch.h"

#include "broker/connection_key.h"
#include "broker/event_log.h"
#include "broker/token_store.h"

namespace tokenbroker {

StoreWatch::StoreWatch(const Seams& seams, Metrics& metrics)
    : seams_(seams), metrics_(metrics) {}

absl::Status StoreWatch::Look() {
  for (const Damage& damage : seams_.store.TakeDamage()) {
    metrics_.DamageFound(damage.table);
    const SubjectParts parts = SplitSubject(damage.subject);
    seams_.log.Write(EventLog::Level::kError, "record_damaged",
                     {{"table", damage.table},
                      {"provider", damage.provider},
                      {"subject", parts.subject},
                      {"token_name", parts.token_name},
                      {"detail", damage.detail}});
  }
  absl::Status status = seams_.store.Writable();
  return absl::IsInternal(status) ? status : absl::OkStatus();
}

}  // namespace tokenbroker
