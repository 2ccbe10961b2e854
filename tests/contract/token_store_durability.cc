// SPDX-License-Identifier: Apache-2.0
//
// Opened again.
#include <string>

#include "tests/contract/stored_records.h"
#include "tests/contract/token_store_contract.h"

namespace tokenbroker {

// Not every store outlives its process.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DurableTokenStoreContract);

namespace {

using absl::StatusCode;

TEST_P(DurableTokenStoreContract, KeepsConnectionsAndTheirPlaces) {
  Connect(store(), Ann(), 2, At(7));
  Connect(store(), {"kakao", "bob"});
  const std::string before = Everything(store());
  Reopen();
  EXPECT_EQ(Everything(store()), before);
}

TEST_P(DurableTokenStoreContract, KeepsAttemptsAndTheirResponses) {
  Connect(store(), Ann());
  ASSERT_EQ(store().Begin(Refresh(Ann(), 1)), absl::OkStatus());
  ASSERT_EQ(store().KeepResponse(Refresh(Ann(), 1), Answer("kept")),
            absl::OkStatus());
  ASSERT_EQ(store().Begin(Code(Ann(), 1)), absl::OkStatus());
  const std::string before = Everything(store());
  Reopen();
  EXPECT_EQ(Everything(store()), before);
  EXPECT_EQ(store().Commit(Refresh(Ann(), 1), Record(Ann(), 2)),
            absl::OkStatus());
}

TEST_P(DurableTokenStoreContract, KeepsAuthorizationsUntilTheyAreTaken) {
  ASSERT_EQ(store().Remember(Hash(1), Authorization(At(1))), absl::OkStatus());
  ASSERT_EQ(store().Remember(Hash(2), Authorization(At(2))), absl::OkStatus());
  ASSERT_EQ(store().Remember(Hash(3), Authorization(At(3))), absl::OkStatus());
  ASSERT_EQ(store().Take(Hash(1)).status(), absl::OkStatus());
  ASSERT_EQ(*store().ForgetExpired(At(3), 9), 1);
  Reopen();
  EXPECT_EQ(store().Take(Hash(1)).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store().Take(Hash(2)).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store().Take(Hash(3)).status(), absl::OkStatus());
}

TEST_P(DurableTokenStoreContract, LeavesGoneWhatIsGone) {
  Connect(store(), Ann());
  ASSERT_EQ(store().Begin(Refresh(Ann(), 1)), absl::OkStatus());
  ASSERT_EQ(store().Abandon(Refresh(Ann(), 1)), absl::OkStatus());
  Reopen();
  EXPECT_EQ(Open(store()).size(), 0u);
  ASSERT_EQ(store().Remove(Ann()), absl::OkStatus());
  Reopen();
  EXPECT_EQ(Everything(store()), "");
}

}  // namespace
}  // namespace tokenbroker
