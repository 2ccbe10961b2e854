// SPDX-License-Identifier: Apache-2.0
//
// Seam: bytes that nobody can guess.
#ifndef TOKENBROKER_BROKER_RANDOM_H_
#define TOKENBROKER_BROKER_RANDOM_H_

#include <cstddef>
#include <string>

namespace tokenbroker {

// Thread-safe.
class Random {
 public:
  virtual ~Random() = default;

  // `count` fresh random bytes.
  virtual std::string Bytes(size_t count) = 0;
};

// The operating system's generator, through libsodium.
class SystemRandom final : public Random {
 public:
  SystemRandom();
  std::string Bytes(size_t count) override;
};

// A number in [0, 1), even over that range, out of 7 random bytes.
double UnitRandom(Random& random);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_RANDOM_H_
