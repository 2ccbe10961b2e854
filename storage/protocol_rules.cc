// SPDX-License-Identifier: Apache-2.0
#include "storage/protocol_rules.h"

#include <cstdint>

#include "broker/failpoints.h"
#include "broker/status_macros.h"
#include "storage/rows.h"

namespace tokenbroker {
namespace {

using storage::v1::AttemptRecord;
using storage::v1::ConnectionRecord;

using StoredConnection = absl::StatusOr<std::optional<ConnectionRecord>>;

int64_t GenerationOf(const StoredConnection& connection) {
  return connection.ok() && connection->has_value()
             ? (*connection)->connection().generation()
             : 0;
}

}  // namespace

absl::Status CheckBegin(const AttemptRecord& attempt,
                        const std::optional<AttemptRecord>& open,
                        const StoredConnection& connection) {
  switch (attempt.kind()) {
    case AttemptRecord::KIND_REFRESH:
      ABSL_RETURN_IF_ERROR(connection.status());
      if (!connection->has_value()) {
        return absl::NotFoundError("no such connection");
      }
      if (TOKENBROKER_STEP_IS_OFF("storage.compare")) return absl::OkStatus();
      if (GenerationOf(connection) != attempt.generation()) {
        return absl::AbortedError("the connection has another generation");
      }
      break;
    case AttemptRecord::KIND_CODE:
      break;
    default:
      return absl::InvalidArgumentError("an attempt of no kind");
  }
  // Even the same one: a second Begin would let a credential be spent twice,
  // or wipe out a kept answer.
  if (open.has_value()) {
    return absl::AbortedError("an attempt is open already");
  }
  return absl::OkStatus();
}

absl::Status CheckOpen(const AttemptRecord& attempt,
                       const std::optional<AttemptRecord>& open) {
  if (TOKENBROKER_STEP_IS_OFF("storage.attempt")) return absl::OkStatus();
  if (open.has_value() && open->kind() == attempt.kind() &&
      open->id() == attempt.id()) {
    return absl::OkStatus();
  }
  return absl::AbortedError("the attempt is not open");
}

absl::Status CheckCommit(const AttemptRecord& attempt,
                         const ConnectionRecord& next,
                         const std::optional<AttemptRecord>& open,
                         const StoredConnection& connection) {
  if (!(KeyOf(next) == KeyOf(attempt))) {
    return absl::InvalidArgumentError(
        "the attempt belongs to another connection");
  }
  if (TOKENBROKER_STEP_IS_OFF("storage.compare")) return absl::OkStatus();
  ABSL_RETURN_IF_ERROR(CheckOpen(attempt, open));
  const AttemptRecord& begun =
      TOKENBROKER_STEP_IS_OFF("storage.attempt") ? attempt : *open;
  const bool is_none = open->kind() == AttemptRecord::KIND_CODE &&
                       absl::IsDataLoss(connection.status());
  if (!is_none) ABSL_RETURN_IF_ERROR(connection.status());
  const int64_t stored = GenerationOf(connection);
  const int64_t written = next.connection().generation();
  const bool follows = begun.kind() == AttemptRecord::KIND_REFRESH
                           ? stored == begun.generation() &&
                                 (written == stored || written == stored + 1)
                           : written == stored + 1;
  if (follows) return absl::OkStatus();
  return absl::AbortedError("the connection has another generation");
}

}  // namespace tokenbroker
