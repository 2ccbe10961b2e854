// SPDX-License-Identifier: Apache-2.0
#include "storage/memory_token_store.h"

#include <memory>

#include "gtest/gtest.h"
#include "tests/contract/damaged_connection_contract.h"
#include "tests/contract/token_store_contract.h"

namespace tokenbroker {
namespace {

INSTANTIATE_TEST_SUITE_P(Memory, TokenStoreContract,
                         testing::Values(NewPlace([] {
                           return [] {
                             return std::make_unique<MemoryTokenStore>();
                           };
                         })));

DamageablePlace NewDamageableMemory() {
  return {[] { return std::make_unique<MemoryTokenStore>(); },
          [](std::unique_ptr<TokenStore> store, const ConnectionKey& key) {
            static_cast<MemoryTokenStore&>(*store).DamageConnection(key);
            return store;
          }};
}

INSTANTIATE_TEST_SUITE_P(
    Memory, DamagedConnectionContract,
    testing::Values(NewDamageablePlace(NewDamageableMemory)));

}  // namespace
}  // namespace tokenbroker
