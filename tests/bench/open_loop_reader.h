// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_TESTS_BENCH_OPEN_LOOP_READER_H_
#define TOKENBROKER_TESTS_BENCH_OPEN_LOOP_READER_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tokenbroker/v1/token_broker.grpc.pb.h"

namespace tokenbroker {

// What a phase of reading gave.
struct Reads {
  // From the time at which a call should have started to its answer: who is
  // held up by a slow answer counts as slow too.
  std::vector<absl::Duration> latencies;
  int64_t failed = 0;
  // Answers with a token that had expired.
  int64_t expired = 0;

  void Append(const Reads& more);
  // The latency that a share of `quantile` of the reads did not exceed.
  absl::Duration Percentile(double quantile) const;
};

// Calls GetAccessToken at a fixed rate, whether or not answers come.
class OpenLoopReader {
 public:
  // Reads `subjects` of `provider` in turn, `per_second`.
  OpenLoopReader(const std::string& address, const std::string& provider,
                 std::vector<std::string> subjects, int per_second);

  // Until `is_over`, and then until every call is answered.
  Reads Run(const std::function<bool()>& is_over);

 private:
  struct Call;

  void Start(absl::Time scheduled, grpc::CompletionQueue* queue);

  const std::string provider_;
  const std::vector<std::string> subjects_;
  const absl::Duration interval_;
  size_t next_ = 0;
  std::unique_ptr<v1::TokenBrokerService::Stub> stub_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_BENCH_OPEN_LOOP_READER_H_
