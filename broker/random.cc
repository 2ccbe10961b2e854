// SPDX-License-Identifier: Apache-2.0
#include "broker/random.h"

#include <sodium.h>

#include <cstdint>
#include <cstdlib>

namespace tokenbroker {

SystemRandom::SystemRandom() {
  // Fails only where the system has no randomness at all: nothing can be done.
  if (sodium_init() < 0) std::abort();
}

std::string SystemRandom::Bytes(size_t count) {
  std::string bytes(count, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

double UnitRandom(Random& random) {
  const std::string bytes = random.Bytes(7);
  uint64_t bits = 0;
  for (const char byte : bytes) bits = bits << 8 | static_cast<uint8_t>(byte);
  // A double holds 53 bits exactly.
  return static_cast<double>(bits >> 3) / static_cast<double>(1ULL << 53);
}

}  // namespace tokenbroker
