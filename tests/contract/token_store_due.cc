// SPDX-License-Identifier: Apache-2.0
//
// What is due, by time.
#include <optional>

#include "absl/strings/str_cat.h"
#include "tests/contract/stored_records.h"
#include "tests/contract/token_store_contract.h"

namespace tokenbroker {

namespace {

using storage::v1::ConnectionRecord;

TEST_P(TokenStoreContract, DueGivesTheEarliestFirstAndTiesBySubject) {
  Connect(store(), {"google", "b"}, 1, At(20));
  Connect(store(), {"google", "c"}, 1, At(10));
  Connect(store(), {"google", "a"}, 1, At(20));
  Connect(store(), {"google", "d"}, 1, At(20) - absl::Microseconds(1));
  Connect(store(), {"google", "none"}, 1, std::nullopt);
  Connect(store(), {"google-acme", "x"}, 1, At(5));
  Connect(store(), {"googl", "y"}, 1, At(5));
  EXPECT_EQ(AllDue(store()), (Strings{"c", "d", "a", "b"}));
  EXPECT_EQ(AllDue(store(), "google-acme"), (Strings{"x"}));
  EXPECT_EQ(AllDue(store(), "kakao"), Strings{});
}

TEST_P(TokenStoreContract, DueSaysWhatIsUrgent) {
  Connect(store(), Ann(), 1, At(10));
  const auto is_urgent = [this] {
    const auto due =
        store().Due("google", std::nullopt, absl::InfiniteFuture(), 10);
    EXPECT_EQ(due.status(), absl::OkStatus());
    return due->size() == 1 && due->front().urgent;
  };
  EXPECT_FALSE(is_urgent());
  ConnectionRecord unknown = Record(Ann(), 1, At(10));
  unknown.mutable_connection()->set_state(
      v1::Connection::STATE_OUTCOME_UNKNOWN);
  ASSERT_EQ(store().Begin(Refresh(Ann(), 1)), absl::OkStatus());
  ASSERT_EQ(store().Commit(Refresh(Ann(), 1), unknown), absl::OkStatus());
  EXPECT_TRUE(is_urgent());
  ASSERT_EQ(store().Begin(Refresh(Ann(), 1)), absl::OkStatus());
  ASSERT_EQ(store().Commit(Refresh(Ann(), 1), Record(Ann(), 2, At(10))),
            absl::OkStatus());
  EXPECT_FALSE(is_urgent());
}

TEST_P(TokenStoreContract, DueGivesItsTimesToTheMicrosecond) {
  const absl::Time times[] = {absl::FromUnixMicros(-1), absl::UnixEpoch(),
                              At(0) + absl::Microseconds(123456),
                              absl::FromUnixSeconds(253402300799)};
  for (const absl::Time time : times) {
    Connect(store(), {"google", absl::FormatTime(time, absl::UTCTimeZone())}, 1,
            time);
  }
  const auto due =
      store().Due("google", std::nullopt, absl::InfiniteFuture(), 9);
  ASSERT_EQ(due.status(), absl::OkStatus());
  ASSERT_EQ(due->size(), 4u);
  for (int i = 0; i < 4; ++i) EXPECT_EQ((*due)[i].refresh_time, times[i]);
}

TEST_P(TokenStoreContract, DueGoesUpToAndIncludesItsTime) {
  Connect(store(), {"google", "a"}, 1, At(10));
  Connect(store(), {"google", "b"}, 1, At(10));
  const auto until = [this](absl::Time time) {
    return Due(store(), "google", std::nullopt, time).size();
  };
  EXPECT_EQ(until(absl::InfinitePast()), 0u);
  EXPECT_EQ(until(At(10) - absl::Nanoseconds(1)), 0u);
  EXPECT_EQ(until(At(10)), 2u);
}

TEST_P(TokenStoreContract, DueGoesOnBehindAnEntry) {
  Connect(store(), {"google", "a"}, 1, At(10));
  Connect(store(), {"google", "b"}, 1, At(10));
  Connect(store(), {"google", "c"}, 1, At(11));
  const auto behind = [this](absl::Time time, const char* subject,
                             absl::Time until) {
    return Due(store(), "google", DueEntry{time, {"google", subject}}, until);
  };
  EXPECT_EQ(behind(At(10), "a", At(99)), (Strings{"b", "c"}));
  EXPECT_EQ(behind(At(10), "b", At(99)), (Strings{"c"}));
  // An entry that is not there (any more) is a place all the same.
  EXPECT_EQ(behind(At(10), "aa", At(99)), (Strings{"b", "c"}));
  EXPECT_EQ(behind(At(9), "zzz", At(99)), (Strings{"a", "b", "c"}));
  EXPECT_EQ(behind(At(11), "c", At(99)), Strings{});
  EXPECT_EQ(behind(At(11), "c", At(5)), Strings{});
}

TEST_P(TokenStoreContract, DueGivesPagesWithoutGapOrRepetition) {
  Strings all;
  for (int i = 10; i < 40; ++i) {
    Connect(store(), {"google", absl::StrCat(i)}, 1, At(i / 4));
    all.push_back(absl::StrCat(i));
  }
  Strings seen;
  std::optional<DueEntry> after;
  for (;;) {
    const auto page = store().Due("google", after, At(99), 7);
    ASSERT_EQ(page.status(), absl::OkStatus());
    if (page->empty()) break;
    EXPECT_LE(page->size(), 7u);
    for (const DueEntry& entry : *page) seen.push_back(entry.key.subject);
    after = page->back();
  }
  EXPECT_EQ(seen, all);
  EXPECT_EQ(Due(store(), "google", std::nullopt, At(99), 0), Strings{});
}

}  // namespace
}  // namespace tokenbroker
