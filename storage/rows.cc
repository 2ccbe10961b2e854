// SPDX-License-Identifier: Apache-2.0
#include "storage/rows.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "broker/proto_time.h"

namespace tokenbroker {
namespace {

using storage::v1::AttemptRecord;
using storage::v1::ConnectionRecord;

constexpr absl::string_view kNul("\0", 1);
constexpr size_t kTimeBytes = 8;
constexpr uint64_t kSignBit = uint64_t{1} << 63;

std::string EncodeMicros(int64_t micros) {
  // Flipped, the sign sorts negative times first.
  const uint64_t bits = static_cast<uint64_t>(micros) ^ kSignBit;
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(bits >> shift));
  }
  return bytes;
}

std::string EncodeTime(absl::Time time) {
  return EncodeMicros(absl::ToUnixMicros(IndexTime(time)));
}

absl::Time DecodeTime(absl::string_view bytes) {
  uint64_t bits = 0;
  for (const char byte : bytes) bits = bits << 8 | static_cast<uint8_t>(byte);
  return absl::FromUnixMicros(static_cast<int64_t>(bits ^ kSignBit));
}

}  // namespace

std::string ConnectionRow(const ConnectionKey& key) {
  return absl::StrCat(key.provider, kNul, key.subject);
}

ConnectionKey ParseConnectionRow(absl::string_view row) {
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(row, absl::MaxSplits('\0', 1));
  return {parts.first, parts.second};
}

std::string DueRow(const ConnectionKey& key, absl::Time refresh_time) {
  return absl::StrCat(key.provider, kNul, EncodeTime(refresh_time),
                      key.subject);
}

std::string DueRowsEnd(absl::string_view provider, absl::Time time) {
  // A Timestamp's range is far from the integer's, so this cannot overflow.
  const int64_t micros = absl::ToUnixMicros(IndexTime(time));
  return absl::StrCat(provider, kNul, EncodeMicros(micros + 1));
}

std::optional<DueEntry> ParseDueRow(absl::string_view row) {
  const size_t nul = row.find('\0');
  if (nul == absl::string_view::npos || row.size() <= nul + 1 + kTimeBytes) {
    return std::nullopt;
  }
  DueEntry entry;
  entry.refresh_time = DecodeTime(row.substr(nul + 1, kTimeBytes));
  entry.key.provider = std::string(row.substr(0, nul));
  entry.key.subject = std::string(row.substr(nul + 1 + kTimeBytes));
  return entry;
}

std::string AttemptRow(const AttemptRecord& attempt) {
  if (attempt.kind() == AttemptRecord::KIND_REFRESH) {
    return RefreshRow(KeyOf(attempt));
  }
  return absl::StrCat(AttemptsPrefix(KeyOf(attempt)), "c", attempt.id());
}

std::string RefreshRow(const ConnectionKey& key) {
  // Without its ID in the row there is no place for a second refresh.
  return AttemptsPrefix(key) + "r";
}

std::string ExpiryRow(absl::string_view state_hash, absl::Time expire_time) {
  return absl::StrCat(EncodeTime(expire_time), state_hash);
}

std::string ExpiryRowsEnd(absl::Time time) { return EncodeTime(time); }

std::optional<Expiry> ParseExpiryRow(absl::string_view row) {
  if (row.size() <= kTimeBytes) return std::nullopt;
  return Expiry{DecodeTime(row.substr(0, kTimeBytes)),
                std::string(row.substr(kTimeBytes))};
}

std::string ProviderPrefix(absl::string_view provider) {
  return absl::StrCat(provider, kNul);
}

std::string AttemptsPrefix(const ConnectionKey& key) {
  return absl::StrCat(key.provider, kNul, key.subject, kNul);
}

std::string BehindPrefix(absl::string_view prefix) {
  // Both prefixes end in NUL.
  return absl::StrCat(prefix.substr(0, prefix.size() - 1), "\x01");
}

std::string BehindSubject(absl::string_view provider,
                          absl::string_view subject) {
  // What tells pairs apart is a control character, and a longer subject goes on
  // with none.
  return absl::StrCat(ProviderPrefix(provider), subject, " ");
}

std::string Behind(absl::string_view row) { return absl::StrCat(row, kNul); }

absl::Time IndexTime(absl::Time time) { return FromProto(ToProto(time)); }

absl::Time IndexTime(const google::protobuf::Timestamp& timestamp) {
  return IndexTime(FromProto(timestamp));
}

ConnectionKey OwnerOfRow(absl::string_view family, absl::string_view row) {
  const std::vector<std::string> parts = absl::StrSplit(row, '\0');
  if (family == "due") return {parts[0], ""};
  if (family != "connections" && family != "attempts") return {};
  return {parts[0], parts.size() > 1 ? parts[1] : ""};
}

ConnectionKey KeyOf(const ConnectionRecord& record) {
  return {record.connection().provider(), record.connection().subject()};
}

bool IsUrgent(const ConnectionRecord& record) {
  return record.connection().state() == v1::Connection::STATE_OUTCOME_UNKNOWN;
}

ConnectionKey KeyOf(const AttemptRecord& attempt) {
  return {attempt.provider(), attempt.subject()};
}

}  // namespace tokenbroker
