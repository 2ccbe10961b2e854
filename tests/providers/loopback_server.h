// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_TESTS_PROVIDERS_LOOPBACK_SERVER_H_
#define TOKENBROKER_TESTS_PROVIDERS_LOOPBACK_SERVER_H_

#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "broker/mutex.h"

namespace tokenbroker {

// A socket on 127.0.0.1 that deals with one connection after the other by a
// script, byte for byte, and remembers what came. Thread-safe.
class LoopbackServer {
 public:
  enum class Then {
    kClose,
    kReset,  // so that the client sees ECONNRESET
    kHold,   // open and silent as long as the server lives
  };
  struct Step {
    std::string bytes;
    Then then = Then::kClose;
    // Act on the first bytes instead of a whole request.
    bool at_first_bytes = false;
  };

  LoopbackServer();
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  // `127.0.0.1:port`
  std::string address() const;

  // What to do on the next connection that has no step yet. Without one a
  // connection is reset.
  void Add(Step step);
  // Stops listening.
  void Close();

  // What came on each connection, in order.
  std::vector<std::string> received() const;

 private:
  void Serve();
  void Deal(int connection);

  int listener_;
  int port_ = 0;
  std::thread thread_;
  mutable Mutex mutex_;
  std::deque<Step> script_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> received_ ABSL_GUARDED_BY(mutex_);
  // The server thread's own, then the destructor's.
  std::vector<int> held_;
};

// Whether `request` has a whole head, and a body as long as that says.
bool IsWholeRequest(absl::string_view request);

// A whole answer with its length.
std::string HttpAnswer(int status, absl::string_view headers,
                       absl::string_view body);

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_PROVIDERS_LOOPBACK_SERVER_H_
