// SPDX-License-Identifier: Apache-2.0
#include "storage/store_identity.h"

#include <string>

#include "broker/random.h"
#include "gtest/gtest.h"
#include "tests/storage/keyrings.h"

namespace tokenbroker {
namespace {

using absl::StatusCode;
using storage::v1::StoreIdentity;

class StoreIdentityTest : public testing::Test {
 protected:
  StatusCode Check(const StoreIdentity& identity, const std::string& keyring) {
    return CheckIdentity(identity, *MakeKeyring(keyring, random_)).code();
  }

  SystemRandom random_;
  const std::string yaml_ = KeyringYaml('a', 'i');
  const StoreIdentity identity_ =
      NewIdentity(*MakeKeyring(yaml_, random_), random_);
};

TEST_F(StoreIdentityTest, FitsTheKeyringItWasMadeWith) {
  EXPECT_EQ(Check(identity_, yaml_), StatusCode::kOk);
}

TEST_F(StoreIdentityTest, FitsThatKeyringWithANewerKey) {
  EXPECT_EQ(Check(identity_, RotatedKeyringYaml('a', 'b', 'i')),
            StatusCode::kOk);
}

TEST_F(StoreIdentityTest, FitsNoKeyringWithAnotherKeyOrIndexKey) {
  EXPECT_EQ(Check(identity_, KeyringYaml('b', 'i')),
            StatusCode::kPermissionDenied);
  EXPECT_EQ(Check(identity_, KeyringYaml('a', 'j')),
            StatusCode::kPermissionDenied);
}

TEST_F(StoreIdentityTest, FitsNoKeyringThatLacksItsKey) {
  const StoreIdentity identity = NewIdentity(
      *MakeKeyring(RotatedKeyringYaml('a', 'b', 'i'), random_), random_);
  EXPECT_EQ(Check(identity, yaml_), StatusCode::kPermissionDenied);
}

TEST_F(StoreIdentityTest, HasAnIdOfItsOwn) {
  const StoreIdentity second =
      NewIdentity(*MakeKeyring(yaml_, random_), random_);
  EXPECT_EQ(identity_.id().size(), 16u);
  EXPECT_NE(identity_.id(), second.id());
}

TEST_F(StoreIdentityTest, RefusesTheProofOfAnotherStore) {
  const StoreIdentity second =
      NewIdentity(*MakeKeyring(yaml_, random_), random_);
  StoreIdentity swapped = identity_;
  *swapped.mutable_proof() = second.proof();
  EXPECT_EQ(Check(swapped, yaml_), StatusCode::kPermissionDenied);
  swapped = identity_;
  swapped.set_id(second.id());
  EXPECT_EQ(Check(swapped, yaml_), StatusCode::kPermissionDenied);
  swapped = identity_;
  swapped.clear_proof();
  EXPECT_EQ(Check(swapped, yaml_), StatusCode::kPermissionDenied);
}

TEST_F(StoreIdentityTest, RefusesAFormatItDoesNotKnow) {
  StoreIdentity later = identity_;
  later.set_format(2);
  EXPECT_EQ(Check(later, yaml_), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace tokenbroker
