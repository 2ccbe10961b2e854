// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_TESTS_BENCH_LIMITED_TOKEN_ENDPOINT_H_
#define TOKENBROKER_TESTS_BENCH_LIMITED_TOKEN_ENDPOINT_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/mutex.h"

namespace tokenbroker {

// The refresh token of `token`'s `generation`.
std::string HerdRefreshToken(int token, int generation);
// An access token with it; as long as Google's.
std::string HerdAccessToken(int token, int generation);

// A token endpoint on loopback that takes so many requests in any second and
// not one more (429), answers after a few milliseconds, and rotates strictly:
// of each of its tokens only the refresh token that it gave last is good, once.
// They start at generation 1.
class LimitedTokenEndpoint {
 public:
  // What it saw; may lie in memory that another process reads.
  struct Counts {
    std::atomic<int64_t> refreshed = 0;
    std::atomic<int64_t> over_the_limit = 0;
    // A refresh token that was spent before.
    std::atomic<int64_t> spent_twice = 0;
    std::atomic<int64_t> not_understood = 0;
    // The most requests in any second.
    std::atomic<int64_t> busiest_second = 0;
  };

  LimitedTokenEndpoint(int tokens, int per_second, Counts& counts);
  // Returns when the listener is closed: never, but for a dead socket.
  void Serve();

  int port() const { return port_; }

 private:
  void ServeConnections();
  std::string Answer(absl::string_view request);
  bool IsWithinLimit(absl::Time now);

  const size_t per_second_;
  Counts& counts_;
  std::vector<std::atomic<int>> generations_;
  int listener_ = -1;
  int port_ = 0;

  Mutex mutex_;
  // Of the requests in the last second.
  std::deque<absl::Time> arrivals_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_BENCH_LIMITED_TOKEN_ENDPOINT_H_
