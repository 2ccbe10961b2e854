// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/damaged_connection_contract.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/damaged_connection.h"
#include "broker/proto_time.h"

namespace tokenbroker {

// Not every test program has every kind of store.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DamagedConnectionContract);

namespace {

using absl::StatusCode;
using storage::v1::AttemptRecord;
using storage::v1::ConnectionRecord;

const ConnectionKey kAnn = {"google", "ann"};
const ConnectionKey kBob = {"google", "bob"};
const ConnectionKey kZoe = {"google", "zoe"};

ConnectionRecord Record(const ConnectionKey& key, int64_t generation) {
  ConnectionRecord record;
  record.mutable_connection()->set_provider(key.provider);
  record.mutable_connection()->set_subject(key.subject);
  record.mutable_connection()->set_generation(generation);
  *record.mutable_connection()->mutable_refresh_time() =
      ToProto(absl::FromUnixSeconds(1795430000 + generation));
  return record;
}

AttemptRecord Attempt(AttemptRecord::Kind kind, const ConnectionKey& key,
                      const std::string& id, int64_t generation = 0) {
  AttemptRecord attempt;
  attempt.set_id(id);
  attempt.set_kind(kind);
  attempt.set_provider(key.provider);
  attempt.set_subject(key.subject);
  attempt.set_generation(generation);
  return attempt;
}

AttemptRecord Code(const ConnectionKey& key, const std::string& id) {
  return Attempt(AttemptRecord::KIND_CODE, key, id);
}

AttemptRecord Refresh(const ConnectionKey& key, int64_t generation) {
  return Attempt(AttemptRecord::KIND_REFRESH, key, "refresh", generation);
}

void Connect(TokenStore& store, const ConnectionKey& key, int64_t generation) {
  for (int64_t next = 1; next <= generation; ++next) {
    ASSERT_EQ(store.Begin(Code(key, "connect")), absl::OkStatus());
    ASSERT_EQ(store.Commit(Code(key, "connect"), Record(key, next)),
              absl::OkStatus());
  }
}

// Three connections; the one in the middle is damaged, with generation 3.
#define CONNECT_THREE()      \
  Connect(store(), kAnn, 1); \
  Connect(store(), kBob, 3); \
  Connect(store(), kZoe, 1); \
  Damage(kBob)

std::vector<std::string> SubjectsDue(TokenStore& store) {
  const auto due =
      store.Due("google", std::nullopt, absl::InfiniteFuture(), 100);
  EXPECT_EQ(due.status(), absl::OkStatus());
  std::vector<std::string> subjects;
  if (!due.ok()) return {"failed"};
  for (const DueEntry& entry : *due) subjects.push_back(entry.key.subject);
  return subjects;
}

size_t CountOpen(TokenStore& store) {
  const auto open = store.OpenAttempts();
  EXPECT_EQ(open.status(), absl::OkStatus());
  return open.ok() ? open->size() : 999;
}

using Strings = std::vector<std::string>;

TEST_P(DamagedConnectionContract, ItIsReportedAndTheOthersAreNotConcerned) {
  CONNECT_THREE();
  EXPECT_EQ(store().Get(kBob).status().code(), StatusCode::kDataLoss);
  for (const ConnectionKey& key : {kAnn, kZoe}) {
    EXPECT_EQ(store().Get(key).status(), absl::OkStatus());
    EXPECT_EQ(store().Begin(Refresh(key, 1)), absl::OkStatus());
    EXPECT_EQ(store().Commit(Refresh(key, 1), Record(key, 2)),
              absl::OkStatus());
  }
  EXPECT_EQ(store().Writable(), absl::OkStatus());
}

TEST_P(DamagedConnectionContract, IsListedAmongTheOthersAsDamaged) {
  CONNECT_THREE();
  ListRequest request;
  request.providers = {"google"};
  const auto all = store().List(request);
  ASSERT_EQ(all.status(), absl::OkStatus());
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ((*all)[0].connection().subject(), "ann");
  EXPECT_EQ((*all)[1].SerializeAsString(),
            DamagedConnection(kBob).SerializeAsString());
  EXPECT_EQ((*all)[2].connection().subject(), "zoe");

  request.after = kBob;
  EXPECT_EQ(store().List(request)->size(), 1u);
  request.after = std::nullopt;
  request.subject = "bob";
  EXPECT_EQ(store().List(request)->size(), 1u);
}

TEST_P(DamagedConnectionContract, CanBeRemovedWithItsPlaceAndItsAttempts) {
  Connect(store(), kBob, 3);
  ASSERT_EQ(store().Begin(Refresh(kBob, 3)), absl::OkStatus());
  ASSERT_EQ(store().Begin(Code(kBob, "code")), absl::OkStatus());
  Connect(store(), kAnn, 1);
  Damage(kBob);
  ASSERT_EQ(SubjectsDue(store()), (Strings{"ann", "bob"}));
  ASSERT_EQ(store().Remove(kBob), absl::OkStatus());
  EXPECT_EQ(store().Get(kBob).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(SubjectsDue(store()), Strings{"ann"});
  EXPECT_EQ(CountOpen(store()), 0u);
  EXPECT_EQ(store().Remove(kBob).code(), StatusCode::kNotFound);
  // Nothing of it is left in the way of a new one.
  Connect(store(), kBob, 1);
  EXPECT_EQ(store().Get(kBob)->connection().generation(), 1);
}

TEST_P(DamagedConnectionContract, IsNotRefreshed) {
  CONNECT_THREE();
  EXPECT_EQ(store().Begin(Refresh(kBob, 3)).code(), StatusCode::kDataLoss);
  EXPECT_EQ(CountOpen(store()), 0u);
}

TEST_P(DamagedConnectionContract, KeepsWhatWasUnderWayAndCommitsNoRefresh) {
  Connect(store(), kBob, 3);
  ASSERT_EQ(store().Begin(Refresh(kBob, 3)), absl::OkStatus());
  Damage(kBob);
  EXPECT_EQ(store().KeepResponse(Refresh(kBob, 3), {}), absl::OkStatus());
  EXPECT_EQ(store().Commit(Refresh(kBob, 3), Record(kBob, 4)).code(),
            StatusCode::kDataLoss);
  EXPECT_EQ(CountOpen(store()), 1u);
}

TEST_P(DamagedConnectionContract, ACodeBeginsItAnewWithGenerationOne) {
  for (const int64_t wrong : {0, 2, 3, 4}) {
    Connect(store(), kBob, 3);
    ASSERT_EQ(store().Begin(Refresh(kBob, 3)), absl::OkStatus());
    Damage(kBob);
    ASSERT_EQ(store().Begin(Code(kBob, "code")), absl::OkStatus());
    EXPECT_EQ(store().Commit(Code(kBob, "code"), Record(kBob, wrong)).code(),
              StatusCode::kAborted)
        << wrong;
    EXPECT_EQ(store().Get(kBob).status().code(), StatusCode::kDataLoss);

    ASSERT_EQ(store().Commit(Code(kBob, "code"), Record(kBob, 1)),
              absl::OkStatus());
    const auto record = store().Get(kBob);
    ASSERT_EQ(record.status(), absl::OkStatus());
    EXPECT_EQ(record->SerializeAsString(), Record(kBob, 1).SerializeAsString());
    // One place, the new one; and no attempt of the old grant, which might
    // have its generation.
    EXPECT_EQ(SubjectsDue(store()), Strings{"bob"});
    EXPECT_EQ(CountOpen(store()), 0u);
    EXPECT_EQ(store().Begin(Refresh(kBob, 1)), absl::OkStatus());
    ASSERT_EQ(store().Remove(kBob), absl::OkStatus());
  }
}

TEST_P(DamagedConnectionContract, OneOfTwoCodesBeginsItAnew) {
  Connect(store(), kBob, 3);
  Damage(kBob);
  ASSERT_EQ(store().Begin(Code(kBob, "one")), absl::OkStatus());
  ASSERT_EQ(store().Begin(Code(kBob, "two")), absl::OkStatus());
  EXPECT_EQ(store().Commit(Code(kBob, "one"), Record(kBob, 1)),
            absl::OkStatus());
  EXPECT_EQ(store().Commit(Code(kBob, "two"), Record(kBob, 1)).code(),
            StatusCode::kAborted);
}

TEST_P(DamagedConnectionContract, IsToldOnceHoweverOftenItIsMet) {
  Connect(store(), kAnn, 1);
  Connect(store(), kBob, 1);
  EXPECT_EQ(store().TakeDamage().size(), 0u);
  Damage(kBob);
  ListRequest request;
  request.providers = {"google"};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(store().Get(kBob).status().code(), StatusCode::kDataLoss);
    EXPECT_EQ(store().List(request)->size(), 2u);
  }
  const auto damage = store().TakeDamage();
  ASSERT_EQ(damage.size(), 1u);
  EXPECT_EQ(damage[0].table, "connections");
  EXPECT_EQ(damage[0].provider, "google");
  EXPECT_EQ(damage[0].subject, "bob");
  EXPECT_NE(damage[0].detail, "");
  EXPECT_EQ(store().Get(kBob).status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(store().TakeDamage().size(), 0u);
}

}  // namespace
}  // namespace tokenbroker
