// SPDX-License-Identifier: Apache-2.0
//
// Holds a clock to broker/clock.h. A clock enters with one line:
//
//   INSTANTIATE_TEST_SUITE_P(System, ClockContract, testing::Values(maker));
#ifndef TOKENBROKER_TESTS_CONTRACT_CLOCK_CONTRACT_H_
#define TOKENBROKER_TESTS_CONTRACT_CLOCK_CONTRACT_H_

#include <functional>
#include <memory>

#include "broker/clock.h"
#include "gtest/gtest.h"

namespace tokenbroker {

using ClockMaker = std::function<std::unique_ptr<Clock>()>;

class ClockContract : public testing::TestWithParam<ClockMaker> {
 protected:
  ClockContract() : clock_(GetParam()()) {}

  const Clock& clock() { return *clock_; }

 private:
  const std::unique_ptr<Clock> clock_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_CONTRACT_CLOCK_CONTRACT_H_
