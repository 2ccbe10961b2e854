// SPDX-License-Identifier: Apache-2.0
//
// How rows are spelled on disk, here only. Rows sort by bytes as their parts
// sort by value, and no two lists of parts spell the same row:
//
//   connections     provider NUL subject
//   due             provider NUL time subject
//   attempts        provider NUL subject NUL "r"         the refresh, one at
//   most
//                   provider NUL subject NUL "c" id      a code
//   authorizations  state hash (32 bytes)
//   expiries        time state hash
//
// A time is its microseconds since 1970 as 8 bytes, big-endian, sign bit
// flipped. Neither a provider nor a subject has a NUL (ConnectionKey).
#ifndef TOKENBROKER_STORAGE_ROWS_H_
#define TOKENBROKER_STORAGE_ROWS_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/connection_key.h"
#include "broker/token_store.h"
#include "google/protobuf/timestamp.pb.h"
#include "tokenbroker/storage/v1/records.pb.h"

namespace tokenbroker {

std::string ConnectionRow(const ConnectionKey& key);

// `row` is one of ProviderPrefix.
ConnectionKey ParseConnectionRow(absl::string_view row);

std::string DueRow(const ConnectionKey& key, absl::Time refresh_time);
// What a due row holds if it is urgent; else nothing.
inline constexpr absl::string_view kUrgent = "u";
// The first row of this provider later than `time`.
std::string DueRowsEnd(absl::string_view provider, absl::Time time);
// Absent if `row` is none.
std::optional<DueEntry> ParseDueRow(absl::string_view row);

std::string AttemptRow(const storage::v1::AttemptRecord& attempt);
// Where a refresh of this connection stands.
std::string RefreshRow(const ConnectionKey& key);

struct Expiry {
  absl::Time time;
  std::string state_hash;
};
std::string ExpiryRow(absl::string_view state_hash, absl::Time expire_time);
// The first row at or after `time`.
std::string ExpiryRowsEnd(absl::Time time);
// Absent if `row` is none.
std::optional<Expiry> ParseExpiryRow(absl::string_view row);

// What the rows of a provider begin with (connections, due), and of a
// connection (attempts).
std::string ProviderPrefix(absl::string_view provider);
std::string AttemptsPrefix(const ConnectionKey& key);
// The first row behind all that begin with `prefix`, one of those two.
std::string BehindPrefix(absl::string_view prefix);

// The first row of a connection behind those of this subject: its own and those
// of its further pairs of tokens (NamedKey).
std::string BehindSubject(absl::string_view provider,
                          absl::string_view subject);

// The first row behind `row`.
std::string Behind(absl::string_view row);

// A time as an index holds it: whole microseconds, infinite ones clamped to
// what a Timestamp can hold.
absl::Time IndexTime(absl::Time time);
absl::Time IndexTime(const google::protobuf::Timestamp& timestamp);

// Whose row this is in the family of this name, as far as a row tells that.
ConnectionKey OwnerOfRow(absl::string_view family, absl::string_view row);

ConnectionKey KeyOf(const storage::v1::ConnectionRecord& record);
// See DueEntry.
bool IsUrgent(const storage::v1::ConnectionRecord& record);
ConnectionKey KeyOf(const storage::v1::AttemptRecord& attempt);

// The one row of family `default`.
inline constexpr absl::string_view kIdentityRow = "identity";

}  // namespace tokenbroker

#endif  // TOKENBROKER_STORAGE_ROWS_H_
