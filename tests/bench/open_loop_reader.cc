// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/open_loop_reader.h"

#include <algorithm>
#include <cstdio>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "broker/proto_time.h"

namespace tokenbroker {

struct OpenLoopReader::Call {
  absl::Time scheduled;
  grpc::ClientContext context;
  v1::GetAccessTokenRequest request;
  v1::GetAccessTokenResponse response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::GetAccessTokenResponse>>
      reader;
};

void Reads::Append(const Reads& more) {
  latencies.insert(latencies.end(), more.latencies.begin(),
                   more.latencies.end());
  failed += more.failed;
  expired += more.expired;
}

absl::Duration Reads::Percentile(double quantile) const {
  if (latencies.empty()) return absl::InfiniteDuration();
  std::vector<absl::Duration> sorted = latencies;
  std::sort(sorted.begin(), sorted.end());
  const auto rank =
      static_cast<size_t>(quantile * static_cast<double>(sorted.size()));
  return sorted[std::min(rank, sorted.size() - 1)];
}

OpenLoopReader::OpenLoopReader(const std::string& address,
                               const std::string& provider,
                               std::vector<std::string> subjects,
                               int per_second)
    : provider_(provider),
      subjects_(std::move(subjects)),
      interval_(absl::Seconds(1) / per_second),
      stub_(v1::TokenBrokerService::NewStub(
          grpc::CreateChannel(address, grpc::InsecureChannelCredentials()))) {}

Reads OpenLoopReader::Run(const std::function<bool()>& is_over) {
  Reads reads;
  grpc::CompletionQueue queue;
  std::thread collector([&] {
    void* tag = nullptr;
    bool ok = false;
    while (queue.Next(&tag, &ok)) {
      const std::unique_ptr<Call> call(static_cast<Call*>(tag));
      const absl::Time now = absl::Now();
      reads.latencies.push_back(now - call->scheduled);
      if (!call->status.ok()) {
        ++reads.failed;
      } else if (FromProto(call->response.expire_time()) <= now) {
        ++reads.expired;
      }
    }
  });
  for (absl::Time scheduled = absl::Now(); !is_over(); scheduled += interval_) {
    absl::SleepFor(scheduled - absl::Now());
    Start(scheduled, &queue);
  }
  queue.Shutdown();
  collector.join();
  return reads;
}

void OpenLoopReader::Start(absl::Time scheduled, grpc::CompletionQueue* queue) {
  auto* call = new Call;  // the collector's from Finish on
  call->scheduled = scheduled;
  call->request.set_provider(provider_);
  call->request.set_subject(subjects_[next_++ % subjects_.size()]);
  call->reader =
      stub_->AsyncGetAccessToken(&call->context, call->request, queue);
  call->reader->Finish(&call->response, &call->status, call);
}

}  // namespace tokenbroker
