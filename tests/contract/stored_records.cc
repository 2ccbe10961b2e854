// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/stored_records.h"

#include "absl/strings/str_cat.h"
#include "broker/proto_time.h"
#include "gtest/gtest.h"

namespace tokenbroker {

using storage::v1::AttemptRecord;
using storage::v1::AuthorizationRecord;
using storage::v1::ConnectionRecord;
using storage::v1::Sealed;

ConnectionKey Ann() { return {"google", "ann"}; }

absl::Time At(int seconds) {
  return absl::FromUnixSeconds(1795430000) + absl::Seconds(seconds);
}

ConnectionRecord Record(const ConnectionKey& key, int64_t generation,
                        std::optional<absl::Time> refresh_time) {
  ConnectionRecord record;
  record.mutable_connection()->set_provider(key.provider);
  record.mutable_connection()->set_subject(key.subject);
  record.mutable_connection()->set_generation(generation);
  if (refresh_time.has_value()) {
    *record.mutable_connection()->mutable_refresh_time() =
        ToProto(*refresh_time);
  }
  record.mutable_access_token()->set_ciphertext(
      absl::StrCat("access ", generation));
  return record;
}

AttemptRecord Refresh(const ConnectionKey& key, int64_t generation,
                      const std::string& id) {
  AttemptRecord attempt;
  attempt.set_id(id);
  attempt.set_kind(AttemptRecord::KIND_REFRESH);
  attempt.set_provider(key.provider);
  attempt.set_subject(key.subject);
  attempt.set_generation(generation);
  *attempt.mutable_start_time() = ToProto(At(-1));
  return attempt;
}

std::string Hash(int number) {
  std::string hash(32, '\0');
  hash[0] = static_cast<char>(number);
  hash[31] = static_cast<char>(255 - number);
  return hash;
}

AttemptRecord Code(const ConnectionKey& key, int number) {
  AttemptRecord attempt;
  attempt.set_id(Hash(number));
  attempt.set_kind(AttemptRecord::KIND_CODE);
  attempt.set_provider(key.provider);
  attempt.set_subject(key.subject);
  attempt.mutable_authorization()->set_caller("spiffe://example.com/shop");
  return attempt;
}

AuthorizationRecord Authorization(absl::Time expire_time) {
  AuthorizationRecord authorization;
  authorization.set_provider("google");
  authorization.set_subject("ann");
  *authorization.mutable_expire_time() = ToProto(expire_time);
  return authorization;
}

Sealed Answer(const std::string& text) {
  Sealed sealed;
  sealed.set_ciphertext(text);
  return sealed;
}

void Connect(TokenStore& store, const ConnectionKey& key, int64_t generation,
             std::optional<absl::Time> refresh_time) {
  for (int64_t next = 1; next <= generation; ++next) {
    ASSERT_EQ(store.Begin(Code(key, 200)), absl::OkStatus());
    ASSERT_EQ(store.Commit(Code(key, 200), Record(key, next, refresh_time)),
              absl::OkStatus());
  }
}

std::vector<std::string> Due(TokenStore& store, absl::string_view provider,
                             const std::optional<DueEntry>& after,
                             absl::Time until, int limit) {
  const auto entries = store.Due(provider, after, until, limit);
  EXPECT_EQ(entries.status(), absl::OkStatus());
  std::vector<std::string> subjects;
  if (!entries.ok()) return {"failed"};
  for (const DueEntry& entry : *entries) {
    EXPECT_EQ(entry.key.provider, provider);
    subjects.push_back(entry.key.subject);
  }
  return subjects;
}

std::vector<std::string> AllDue(TokenStore& store, absl::string_view provider) {
  return Due(store, provider, std::nullopt, absl::InfiniteFuture());
}

std::map<std::string, AttemptRecord> Open(TokenStore& store) {
  const auto attempts = store.OpenAttempts();
  EXPECT_EQ(attempts.status(), absl::OkStatus());
  std::map<std::string, AttemptRecord> open;
  if (!attempts.ok()) return open;
  for (const AttemptRecord& attempt : *attempts) {
    open[absl::StrCat(attempt.provider(), "/", attempt.subject(), "/",
                      attempt.id())] = attempt;
  }
  EXPECT_EQ(open.size(), attempts->size());
  return open;
}

std::string Everything(TokenStore& store) {
  std::string everything;
  ListRequest request;
  request.providers = {"google", "google-acme", "kakao"};
  const auto records = store.List(request);
  EXPECT_EQ(records.status(), absl::OkStatus());
  for (const ConnectionRecord& record : *records) {
    absl::StrAppend(&everything, record.SerializeAsString(), "\n");
  }
  for (const std::string& provider : request.providers) {
    const auto due =
        store.Due(provider, std::nullopt, absl::InfiniteFuture(), 1000);
    EXPECT_EQ(due.status(), absl::OkStatus());
    for (const DueEntry& entry : *due) {
      absl::StrAppend(&everything, absl::ToUnixMicros(entry.refresh_time), " ",
                      provider, " ", entry.key.subject, "\n");
    }
  }
  for (const auto& [name, attempt] : Open(store)) {
    absl::StrAppend(&everything, attempt.SerializeAsString(), "\n");
  }
  return everything;
}

}  // namespace tokenbroker
