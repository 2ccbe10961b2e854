// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_TESTS_TEST_KEYRING_H_
#define TOKENBROKER_TESTS_TEST_KEYRING_H_

#include <memory>

#include "broker/keyring.h"
#include "broker/random.h"

namespace tokenbroker {

// A real keyring with one key that is always the same. `random` must outlive
// it.
std::unique_ptr<const Keyring> TestKeyring(Random& random);

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_TEST_KEYRING_H_
