// SPDX-License-Identifier: Apache-2.0
//
// Holds a token store to broker/token_store.h, sentence by sentence. A store
// enters with one line each:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, TokenStoreContract,
//                            testing::Values(NewPlace(...)));
//
// and, if it outlives its process, DurableTokenStoreContract likewise.
#ifndef TOKENBROKER_TESTS_CONTRACT_TOKEN_STORE_CONTRACT_H_
#define TOKENBROKER_TESTS_CONTRACT_TOKEN_STORE_CONTRACT_H_

#include <functional>
#include <memory>

#include "broker/token_store.h"
#include "gtest/gtest.h"

namespace tokenbroker {

// Opens the store of one place. Called again, once the last one is gone, it
// opens the same place.
using OpenStore = std::function<std::unique_ptr<TokenStore>()>;

// Makes an empty place.
using NewPlace = std::function<OpenStore()>;

class TokenStoreContract : public testing::TestWithParam<NewPlace> {
 protected:
  TokenStoreContract() : open_(GetParam()()), store_(open_()) {}

  TokenStore& store() { return *store_; }

  void Reopen() {
    store_.reset();
    store_ = open_();
  }

 private:
  const OpenStore open_;
  std::unique_ptr<TokenStore> store_;
};

// What returned OK is there after the store is opened again.
class DurableTokenStoreContract : public TokenStoreContract {};

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_CONTRACT_TOKEN_STORE_CONTRACT_H_
