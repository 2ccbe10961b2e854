// SPDX-License-Identifier: Apache-2.0
//
// When the verbs of the refresh protocol are refused (broker/token_store.h).
// Pure: each is given what is stored now. `open` is what stands in the
// attempt's place (rows.h), absent if nothing does. `connection` is what
// reading it gave: to a code, which brings a new one, a damaged connection is
// none.
#ifndef TOKENBROKER_STORAGE_PROTOCOL_RULES_H_
#define TOKENBROKER_STORAGE_PROTOCOL_RULES_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tokenbroker/storage/v1/records.pb.h"

namespace tokenbroker {

// kInvalidArgument if the attempt is of no kind; kNotFound and kAborted as
// TokenStore::Begin says; the connection's error.
absl::Status CheckBegin(
    const storage::v1::AttemptRecord& attempt,
    const std::optional<storage::v1::AttemptRecord>& open,
    const absl::StatusOr<std::optional<storage::v1::ConnectionRecord>>&
        connection);

// kAborted if the attempt is not open.
absl::Status CheckOpen(const storage::v1::AttemptRecord& attempt,
                       const std::optional<storage::v1::AttemptRecord>& open);

// kInvalidArgument if `next` is of another connection than the attempt;
// kAborted as TokenStore::Commit says; the connection's error.
absl::Status CheckCommit(
    const storage::v1::AttemptRecord& attempt,
    const storage::v1::ConnectionRecord& next,
    const std::optional<storage::v1::AttemptRecord>& open,
    const absl::StatusOr<std::optional<storage::v1::ConnectionRecord>>&
        connection);

}  // namespace tokenbroker

#endif  // TOKENBROKER_STORAGE_PROTOCOL_RULES_H_
