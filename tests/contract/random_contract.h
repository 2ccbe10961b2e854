// SPDX-License-Identifier: Apache-2.0
//
// Holds a source of randomness to broker/random.h. One enters with one line:
//
//   INSTANTIATE_TEST_SUITE_P(System, RandomContract, testing::Values(maker));
#ifndef TOKENBROKER_TESTS_CONTRACT_RANDOM_CONTRACT_H_
#define TOKENBROKER_TESTS_CONTRACT_RANDOM_CONTRACT_H_

#include <functional>
#include <memory>

#include "broker/random.h"
#include "gtest/gtest.h"

namespace tokenbroker {

using RandomMaker = std::function<std::unique_ptr<Random>()>;

class RandomContract : public testing::TestWithParam<RandomMaker> {
 protected:
  RandomContract() : random_(GetParam()()) {}

  Random& random() { return *random_; }

 private:
  const std::unique_ptr<Random> random_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_CONTRACT_RANDOM_CONTRACT_H_
