// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_TESTS_FAKES_COUNTING_RANDOM_H_
#define TOKENBROKER_TESTS_FAKES_COUNTING_RANDOM_H_

#include <atomic>
#include <cstdint>
#include <random>
#include <string>

#include "broker/random.h"

namespace tokenbroker {

// Different bytes at each call, and the same in each run. Thread-safe.
class CountingRandom final : public Random {
 public:
  std::string Bytes(size_t count) override {
    std::mt19937_64 generator(++calls_);
    std::string bytes(count, '\0');
    for (char& byte : bytes) byte = static_cast<char>(generator() >> 56);
    return bytes;
  }

 private:
  std::atomic<uint64_t> calls_ = 0;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_FAKES_COUNTING_RANDOM_H_
