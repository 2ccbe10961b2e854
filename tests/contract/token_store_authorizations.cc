// SPDX-License-Identifier: Apache-2.0
//
// Authorizations: remembered, taken once, forgotten.
#include "broker/proto_time.h"
#include "tests/contract/stored_records.h"
#include "tests/contract/token_store_contract.h"

namespace tokenbroker {

namespace {

using absl::StatusCode;

TEST_P(TokenStoreContract, TakesAnAuthorizationOnce) {
  ASSERT_EQ(store().Remember(Hash(1), Authorization(At(1))), absl::OkStatus());
  ASSERT_EQ(store().Remember(Hash(2), Authorization(At(2))), absl::OkStatus());
  const auto taken = store().Take(Hash(1));
  ASSERT_EQ(taken.status(), absl::OkStatus());
  EXPECT_EQ(taken->SerializeAsString(),
            Authorization(At(1)).SerializeAsString());
  EXPECT_EQ(store().Take(Hash(1)).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store().Take(Hash(3)).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store().Take(Hash(2)).status(), absl::OkStatus());
}

TEST_P(TokenStoreContract, ForgetsWhatExpiredBefore) {
  ASSERT_EQ(store().Remember(Hash(1), Authorization(At(1))), absl::OkStatus());
  ASSERT_EQ(store().Remember(Hash(2), Authorization(At(2))), absl::OkStatus());
  ASSERT_EQ(store().Remember(Hash(3), Authorization(At(3))), absl::OkStatus());
  EXPECT_EQ(*store().ForgetExpired(At(1), 9), 0);
  EXPECT_EQ(*store().ForgetExpired(At(3), 9), 2);
  EXPECT_EQ(*store().ForgetExpired(At(3), 9), 0);
  EXPECT_EQ(store().Take(Hash(1)).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store().Take(Hash(2)).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store().Take(Hash(3)).status(), absl::OkStatus());
}

TEST_P(TokenStoreContract, ForgetsTheEarliestFirstAndNoMoreThanAsked) {
  for (const int number : {3, 1, 4, 2}) {
    ASSERT_EQ(store().Remember(Hash(number), Authorization(At(number))),
              absl::OkStatus());
  }
  EXPECT_EQ(*store().ForgetExpired(At(99), 0), 0);
  EXPECT_EQ(*store().ForgetExpired(At(99), 3), 3);
  EXPECT_EQ(store().Take(Hash(3)).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store().Take(Hash(4)).status(), absl::OkStatus());
}

TEST_P(TokenStoreContract, CountsAmongTheForgottenNoneThatWasTaken) {
  ASSERT_EQ(store().Remember(Hash(1), Authorization(At(1))), absl::OkStatus());
  ASSERT_EQ(store().Remember(Hash(2), Authorization(At(2))), absl::OkStatus());
  ASSERT_EQ(store().Take(Hash(1)).status(), absl::OkStatus());
  EXPECT_EQ(*store().ForgetExpired(absl::InfiniteFuture(), 9), 1);
}

TEST_P(TokenStoreContract, RemembersAnewInTheSteadOfTheOldOne) {
  ASSERT_EQ(store().Remember(Hash(1), Authorization(At(1))), absl::OkStatus());
  ASSERT_EQ(store().Remember(Hash(1), Authorization(At(9))), absl::OkStatus());
  EXPECT_EQ(*store().ForgetExpired(At(5), 9), 0);
  const auto taken = store().Take(Hash(1));
  ASSERT_EQ(taken.status(), absl::OkStatus());
  EXPECT_EQ(FromProto(taken->expire_time()), At(9));
}

}  // namespace
}  // namespace tokenbroker
