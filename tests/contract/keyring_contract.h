// SPDX-License-Identifier: Apache-2.0
//
// Holds a keyring to broker/keyring.h. A keyring enters with one line:
//
//   INSTANTIATE_TEST_SUITE_P(File, KeyringContract,
//                            testing::Values(KeyringCase{...}));
#ifndef TOKENBROKER_TESTS_CONTRACT_KEYRING_CONTRACT_H_
#define TOKENBROKER_TESTS_CONTRACT_KEYRING_CONTRACT_H_

#include <functional>
#include <memory>

#include "broker/keyring.h"
#include "gtest/gtest.h"

namespace tokenbroker {

struct KeyringCase {
  using Maker = std::function<std::unique_ptr<Keyring>()>;

  Maker make;        // the same keyring each time
  Maker make_other;  // one with other keys, under the same key IDs
};

class KeyringContract : public testing::TestWithParam<KeyringCase> {
 protected:
  KeyringContract()
      : keyring_(GetParam().make()), other_(GetParam().make_other()) {}

  const Keyring& keyring() { return *keyring_; }
  const Keyring& other() { return *other_; }

 private:
  const std::unique_ptr<Keyring> keyring_;
  const std::unique_ptr<Keyring> other_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_CONTRACT_KEYRING_CONTRACT_H_
