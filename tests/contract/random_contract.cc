// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/random_contract.h"

#include <array>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "tests/threads.h"

namespace tokenbroker {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RandomContract);

namespace {

TEST_P(RandomContract, GivesAsManyBytesAsAreAskedFor) {
  for (const size_t count : {0, 1, 7, 8, 9, 16, 24, 32, 1000}) {
    EXPECT_EQ(random().Bytes(count).size(), count);
  }
}

TEST_P(RandomContract, NeverGivesTheSameBytesTwice) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random().Bytes(16));
  EXPECT_EQ(seen.size(), 1000u);
}

TEST_P(RandomContract, FillsEveryByte) {
  // That one place stays zero in 64 draws by chance: 2^-512.
  const size_t count = 33;
  std::string filled(count, '\0');
  for (int i = 0; i < 64; ++i) {
    const std::string bytes = random().Bytes(count);
    for (size_t at = 0; at < count; ++at) {
      filled[at] = static_cast<char>(filled[at] | bytes[at]);
    }
  }
  for (const char byte : filled) EXPECT_NE(byte, '\0');
}

TEST_P(RandomContract, GivesEachThreadBytesOfItsOwn) {
  constexpr int kThreads = 8;
  constexpr size_t kDraws = 500;
  std::array<std::vector<std::string>, kThreads> drawn;
  RunInThreads(kThreads, [&](int i) {
    drawn[i].reserve(kDraws);
    while (drawn[i].size() < kDraws) drawn[i].push_back(random().Bytes(16));
  });
  std::set<std::string> seen;
  for (const auto& own : drawn) seen.insert(own.begin(), own.end());
  EXPECT_EQ(seen.size(), kThreads * kDraws);
}

}  // namespace
}  // namespace tokenbroker
