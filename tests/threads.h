// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_TESTS_THREADS_H_
#define TOKENBROKER_TESTS_THREADS_H_

#include <functional>
#include <latch>
#include <thread>
#include <vector>

namespace tokenbroker {

// Runs `body(0)` to `body(count - 1)` in a thread each, all at the same moment,
// and returns when all are done.
inline void RunInThreads(int count, const std::function<void(int)>& body) {
  std::latch start(count);
  std::vector<std::thread> threads;
  threads.reserve(count);
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&start, &body, i] {
      start.arrive_and_wait();
      body(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_THREADS_H_
