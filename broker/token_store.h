// SPDX-License-Identifier: Apache-2.0
//
// Seam: keeps connections, attempts and authorizations. Its verbs are the
// refresh protocol's own, so that no engine can weaken it unseen:
//
//   Begin         the attempt is durable; now the credential may be spent
//   KeepResponse  the answer is durable, unread
//   Commit        attempt ended and connection replaced, both or neither
//
// tests/contract/token_store_contract.h holds every engine to this page.
#ifndef TOKENBROKER_BROKER_TOKEN_STORE_H_
#define TOKENBROKER_BROKER_TOKEN_STORE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/connection_key.h"
#include "tokenbroker/storage/v1/records.pb.h"

namespace tokenbroker {

// A place in a provider's due index, which is ordered by (time, subject).
struct DueEntry {
  absl::Time refresh_time;  // whole microseconds
  ConnectionKey key;
  // The connection is in state OUTCOME_UNKNOWN: its retry goes first of all.
  bool urgent = false;
};

// A place in a store that cannot be read.
struct Damage {
  std::string table;     // what stands there: `connections`, `attempts`, ...
  std::string provider;  // whose it is; empty where nobody knows
  std::string subject;
  std::string detail;
};

struct ListRequest {
  // Connections of these providers only, in the order of (provider, subject).
  // Sorted, without duplicates.
  std::vector<std::string> providers;
  // Of this subject only, with its further pairs of tokens (NamedKey); empty
  // for all.
  std::string subject;
  // Only those behind this key.
  std::optional<ConnectionKey> after;
  int limit = 50;
};

// Thread-safe; callers may be in several processes. Every write that returns OK
// is durable. Returned records are copies.
//
// Beside what is named: kInvalidArgument, the record is not one that may be
// written (text that is not UTF-8, an attempt without a kind); kUnavailable,
// the engine cannot read or write now (after a failed write nobody knows
// whether it happened); kDataLoss, the record asked for is damaged.
//
// A damaged record is in nobody's way: lists go on behind it, and a damaged
// connection can be removed and authorized anew.
class TokenStore {
 public:
  virtual ~TokenStore() = default;

  // --- Connections ---

  // kNotFound if there is none.
  virtual absl::StatusOr<storage::v1::ConnectionRecord> Get(
      const ConnectionKey& key) = 0;

  // At most `limit` connections; costs as much as it returns, whatever is
  // stored. A damaged one is a DamagedConnection (damaged_connection.h).
  virtual absl::StatusOr<std::vector<storage::v1::ConnectionRecord>> List(
      const ListRequest& request) = 0;

  // Removes the connection, its place in the due index and every open attempt
  // on it. kNotFound if there is none. A damaged one is removed too, at the
  // cost of a search through its provider's due index.
  virtual absl::Status Remove(const ConnectionKey& key) = 0;

  // --- The refresh protocol ---

  // OK if writes may be expected to succeed. kUnavailable: not now, the disk
  // has less room than the watermark; passes by itself. kInternal: a write
  // failed, and none will be accepted until the store is opened again. Ask
  // before a credential is spent that could not be replaced. As cheap as a read
  // from memory.
  virtual absl::Status Writable() = 0;

  // Makes the attempt durable. kAborted if it is open already. For
  // KIND_REFRESH: kNotFound if the connection is gone, kAborted if its
  // generation is not `attempt.generation` or another refresh attempt on it is
  // open.
  virtual absl::Status Begin(const storage::v1::AttemptRecord& attempt) = 0;

  // Adds the sealed answer to the attempt. kAborted if it is not open.
  virtual absl::Status KeepResponse(const storage::v1::AttemptRecord& attempt,
                                    const storage::v1::Sealed& response) = 0;

  // Ends the attempt and writes `next`, with its place in the due index (by
  // `connection.refresh_time`; without one it has none) in the stead of the old
  // one. kAborted, and nothing changes, if the attempt is not open, or the
  // stored generation (0 if there is no connection) is not the one `next`
  // follows: for KIND_REFRESH `attempt.generation`, and `next` has that or one
  // more; for KIND_CODE one less than in `next`. kInvalidArgument if `next` is
  // another connection's.
  //
  // A code ends an open refresh attempt on the connection too: its outcome is
  // of the old grant. A damaged connection counts as none, so a code begins it
  // anew with generation 1, as after a removal (at the cost of Remove).
  virtual absl::Status Commit(const storage::v1::AttemptRecord& attempt,
                              const storage::v1::ConnectionRecord& next) = 0;

  // Ends the attempt without a change: nothing was sent, or a code brought
  // nothing. OK if it is not open.
  virtual absl::Status Abandon(const storage::v1::AttemptRecord& attempt) = 0;

  // Open attempts, in an order of the engine's, without those that are damaged.
  // Costs as much as there are.
  virtual absl::StatusOr<std::vector<storage::v1::AttemptRecord>>
  OpenAttempts() = 0;

  // The provider's entries behind `after` (from the first if absent) up to and
  // including time `until`, at most `limit`, earliest first, without damaged
  // ones. A hint: the row decides.
  virtual absl::StatusOr<std::vector<DueEntry>> Due(
      absl::string_view provider, const std::optional<DueEntry>& after,
      absl::Time until, int limit) = 0;

  // --- Authorizations ---

  // Keeps an authorization under a hash of its state (32 bytes).
  virtual absl::Status Remember(
      absl::string_view state_hash,
      const storage::v1::AuthorizationRecord& authorization) = 0;

  // Removes and returns it: to one taker ever, durably. kNotFound if there is
  // none (any more).
  virtual absl::StatusOr<storage::v1::AuthorizationRecord> Take(
      absl::string_view state_hash) = 0;

  // Forgets up to `limit` authorizations that expired before `time`, earliest
  // first, and says how many.
  virtual absl::StatusOr<int> ForgetExpired(absl::Time time, int limit) = 0;

  // --- Damage ---

  // What was found damaged since the last call: each place once as long as the
  // store is open, however often it is met.
  virtual std::vector<Damage> TakeDamage() = 0;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_TOKEN_STORE_H_
