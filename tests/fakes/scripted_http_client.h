// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_TESTS_FAKES_SCRIPTED_HTTP_CLIENT_H_
#define TOKENBROKER_TESTS_FAKES_SCRIPTED_HTTP_CLIENT_H_

#include <deque>
#include <functional>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/http_client.h"
#include "broker/mutex.h"

namespace tokenbroker {

// Answers requests by a script and remembers them. Without a script for it, a
// request is refused as not sent. Thread-safe.
class ScriptedHttpClient final : public HttpClient {
 public:
  struct Sent {
    std::string method;
    std::string url;
    std::string body;
    std::string ca_file;
  };

  // The next request that has no answer yet gets this one.
  void Answer(int status, absl::string_view json) {
    AnswerWith([status, json = std::string(json)] {
      return absl::StatusOr<HttpResponse>(
          HttpResponse{.status = status,
                       .content_type = "application/json",
                       .body = Secret(json)});
    });
  }
  // The same, but not before it is released.
  void AnswerAfter(const std::shared_future<void>& released,
                   absl::string_view json) {
    AnswerWith([released, json = std::string(json)] {
      released.wait();
      return absl::StatusOr<HttpResponse>(
          HttpResponse{.status = 200,
                       .content_type = "application/json",
                       .body = Secret(json)});
    });
  }
  void AnswerRetryAfter(int status, absl::string_view retry_after) {
    AnswerWith([status, retry_after = std::string(retry_after)] {
      return absl::StatusOr<HttpResponse>(
          HttpResponse{.status = status, .retry_after = retry_after});
    });
  }
  void Fail(const absl::Status& status) {
    AnswerWith([status] { return absl::StatusOr<HttpResponse>(status); });
  }
  // The function runs while the request is "on the wire", under no lock.
  void AnswerWith(std::function<absl::StatusOr<HttpResponse>()> answer) {
    MutexLock lock(&mutex_);
    script_.push_back(std::move(answer));
  }

  std::vector<Sent> sent() const {
    MutexLock lock(&mutex_);
    return sent_;
  }

  absl::StatusOr<HttpResponse> Send(const HttpRequest& request) override {
    std::function<absl::StatusOr<HttpResponse>()> answer;
    {
      MutexLock lock(&mutex_);
      sent_.push_back({request.method, request.url,
                       std::string(request.body.Reveal()), request.ca_file});
      if (script_.empty()) {
        return absl::UnavailableError("the script has no answer");
      }
      answer = std::move(script_.front());
      script_.pop_front();
    }
    return answer();
  }

 private:
  mutable Mutex mutex_;
  std::deque<std::function<absl::StatusOr<HttpResponse>()>> script_
      ABSL_GUARDED_BY(mutex_);
  std::vector<Sent> sent_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_FAKES_SCRIPTED_HTTP_CLIENT_H_
