// SPDX-License-Identifier: Apache-2.0
#include "broker/damaged_connection.h"

#include "absl/status/status.h"
#include "broker/token_store.h"

namespace tokenbroker {

storage::v1::ConnectionRecord DamagedConnection(const ConnectionKey& key) {
  storage::v1::ConnectionRecord record;
  v1::Connection& connection = *record.mutable_connection();
  connection.set_provider(key.provider);
  connection.set_subject(key.subject);
  connection.set_state(v1::Connection::STATE_SUSPENDED);
  connection.set_reason(v1::Connection::REASON_DAMAGED);
  return record;
}

absl::StatusOr<storage::v1::ConnectionRecord> GetToShow(
    TokenStore& store, const ConnectionKey& key) {
  auto record = store.Get(key);
  if (absl::IsDataLoss(record.status())) return DamagedConnection(key);
  return record;
}

}  // namespace tokenbroker
