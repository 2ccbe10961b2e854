// SPDX-License-Identifier: Apache-2.0
//
// Rule: how a connection is shown whose stored row cannot be read. It is
// neither hidden nor in the way of others: it can be listed, deleted and
// authorized anew.
#ifndef TOKENBROKER_BROKER_DAMAGED_CONNECTION_H_
#define TOKENBROKER_BROKER_DAMAGED_CONNECTION_H_

#include "absl/status/statusor.h"
#include "broker/connection_key.h"
#include "tokenbroker/storage/v1/records.pb.h"

namespace tokenbroker {

class TokenStore;

// All that is known of it: its key. SUSPENDED with REASON_DAMAGED, no tokens.
// For showing only, never written.
storage::v1::ConnectionRecord DamagedConnection(const ConnectionKey& key);

// TokenStore::Get, with DamagedConnection in the stead of kDataLoss.
absl::StatusOr<storage::v1::ConnectionRecord> GetToShow(
    TokenStore& store, const ConnectionKey& key);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_DAMAGED_CONNECTION_H_
