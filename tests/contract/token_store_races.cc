// SPDX-License-Identifier: Apache-2.0
//
// Many at once.
#include <atomic>
#include <functional>

#include "absl/strings/str_cat.h"
#include "tests/contract/stored_records.h"
#include "tests/contract/token_store_contract.h"
#include "tests/threads.h"

namespace tokenbroker {

namespace {

using absl::StatusCode;

// Runs `act(0)` to `act(count - 1)` at once and says how many gave OK. The
// others must give `otherwise`.
int WinnersOf(int count, StatusCode otherwise,
              const std::function<absl::Status(int)>& act) {
  std::atomic<int> winners = 0;
  RunInThreads(count, [&](int i) {
    const absl::Status status = act(i);
    if (status.ok()) {
      ++winners;
    } else {
      EXPECT_EQ(status.code(), otherwise) << status;
    }
  });
  return winners;
}

TEST_P(TokenStoreContract, OneOfManyTakersGetsTheAuthorization) {
  for (int round = 0; round < 20; ++round) {
    ASSERT_EQ(store().Remember(Hash(round), Authorization(At(1))),
              absl::OkStatus());
    EXPECT_EQ(
        WinnersOf(8, StatusCode::kNotFound,
                  [&](int) { return store().Take(Hash(round)).status(); }),
        1);
  }
}

TEST_P(TokenStoreContract, OneOfManyBeginsTheRefresh) {
  for (int round = 0; round < 20; ++round) {
    const ConnectionKey key = {"google", absl::StrCat(round)};
    Connect(store(), key);
    EXPECT_EQ(
        WinnersOf(8, StatusCode::kAborted,
                  [&](int i) {
                    return store().Begin(Refresh(key, 1, absl::StrCat(i)));
                  }),
        1);
  }
}

TEST_P(TokenStoreContract, OneOfManyCodesMakesEachGeneration) {
  for (int i = 0; i < 8; ++i) {
    ASSERT_EQ(store().Begin(Code(Ann(), i)), absl::OkStatus());
  }
  for (int generation = 1; generation <= 8; ++generation) {
    EXPECT_EQ(WinnersOf(8, StatusCode::kAborted,
                        [&](int i) {
                          return store().Commit(Code(Ann(), i),
                                                Record(Ann(), generation));
                        }),
              1);
  }
  EXPECT_EQ(store().Get(Ann())->connection().generation(), 8);
  EXPECT_EQ(Open(store()).size(), 0u);
  EXPECT_EQ(AllDue(store()), Strings{"ann"});
}

TEST_P(TokenStoreContract, AllOfManyConnectionsAreCommitted) {
  const auto key = [](int i) {
    return ConnectionKey{"google", absl::StrCat(100 + i)};
  };
  EXPECT_EQ(WinnersOf(64, StatusCode::kOk,
                      [&](int i) {
                        absl::Status begun = store().Begin(Code(key(i), i));
                        if (!begun.ok()) return begun;
                        return store().Commit(Code(key(i), i),
                                              Record(key(i), 1));
                      }),
            64);
  EXPECT_EQ(AllDue(store()).size(), 64u);
}

TEST_P(TokenStoreContract, ForgettingAndTakingGiveEachAuthorizationToOne) {
  for (int i = 0; i < 64; ++i) {
    ASSERT_EQ(store().Remember(Hash(i), Authorization(At(i))),
              absl::OkStatus());
  }
  std::atomic<int> forgotten = 0;
  std::atomic<int> taken = 0;
  WinnersOf(8, StatusCode::kOk, [&](int thread) {
    for (int i = 0; i < 64; ++i) {
      if (thread < 4) {
        if (store().Take(Hash(63 - i)).ok()) ++taken;
      } else {
        forgotten += *store().ForgetExpired(At(64), 3);
      }
    }
    return absl::OkStatus();
  });
  EXPECT_EQ(forgotten + taken, 64);
}

}  // namespace
}  // namespace tokenbroker
