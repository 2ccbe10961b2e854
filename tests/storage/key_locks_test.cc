// SPDX-License-Identifier: Apache-2.0
#include "storage/key_locks.h"

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

TEST(KeyLocksTest, LetsThreadsWithDifferentKeysThrough) {
  KeyLocks locks;
  const KeysLock mine(&locks, {"a", "b"});
  // Would wait for ever if it had to wait.
  std::thread([&locks] { const KeysLock theirs(&locks, {"c"}); }).join();
}

TEST(KeyLocksTest, LetsOneThreadAtATimeHaveAKey) {
  KeyLocks locks;
  // Each counter is guarded by its key alone.
  std::map<std::string, int> counters = {{"a", 0}, {"b", 0}, {"c", 0}};
  const std::vector<std::string> sets[] = {
      {"a"}, {"b"}, {"a", "b"}, {"c", "a"}, {"b", "c", "a"}, {"c"}};
  std::vector<std::thread> threads;
  threads.reserve(6);
  for (int thread = 0; thread < 6; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 1000; ++i) {
        const std::vector<std::string>& keys = sets[(thread + i) % 6];
        const KeysLock lock(&locks, keys);
        for (const std::string& key : keys) {
          const int before = counters.at(key);
          std::this_thread::yield();
          counters.at(key) = before + 1;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // Of 6000 locks each set was had 1000 times; `a` is in four, `b` and `c` in
  // three.
  EXPECT_EQ(counters.at("a"), 4000);
  EXPECT_EQ(counters.at("b"), 3000);
  EXPECT_EQ(counters.at("c"), 3000);
}

TEST(KeyLocksTest, TakesAKeyNamedTwiceForOne) {
  KeyLocks locks;
  { const KeysLock lock(&locks, {"a", "a"}); }
  std::thread([&locks] { const KeysLock theirs(&locks, {"a"}); }).join();
}

}  // namespace
}  // namespace tokenbroker
