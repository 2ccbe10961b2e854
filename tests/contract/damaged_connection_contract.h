// SPDX-License-Identifier: Apache-2.0
//
// Holds a token store to what broker/token_store.h says of a connection whose
// row cannot be read. A store enters with one line:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, DamagedConnectionContract,
//                            testing::Values(NewDamageablePlace(...)));
#ifndef TOKENBROKER_TESTS_CONTRACT_DAMAGED_CONNECTION_CONTRACT_H_
#define TOKENBROKER_TESTS_CONTRACT_DAMAGED_CONNECTION_CONTRACT_H_

#include <functional>
#include <memory>
#include <utility>

#include "broker/token_store.h"
#include "gtest/gtest.h"

namespace tokenbroker {

struct DamageablePlace {
  std::function<std::unique_ptr<TokenStore>()> open;
  // Damages the row of a connection, and gives the store back, maybe opened
  // anew.
  std::function<std::unique_ptr<TokenStore>(std::unique_ptr<TokenStore>,
                                            const ConnectionKey&)>
      damage;
};

// Makes an empty place.
using NewDamageablePlace = std::function<DamageablePlace()>;

class DamagedConnectionContract
    : public testing::TestWithParam<NewDamageablePlace> {
 protected:
  DamagedConnectionContract() : place_(GetParam()()), store_(place_.open()) {}

  TokenStore& store() { return *store_; }

  void Damage(const ConnectionKey& key) {
    store_ = place_.damage(std::move(store_), key);
  }

 private:
  const DamageablePlace place_;
  std::unique_ptr<TokenStore> store_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_CONTRACT_DAMAGED_CONNECTION_CONTRACT_H_
