// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_TESTS_PROVIDERS_FULL_LISTENER_H_
#define TOKENBROKER_TESTS_PROVIDERS_FULL_LISTENER_H_

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tokenbroker {

// A socket on 127.0.0.1 that accepts nobody and whose queue is full: whoever
// connects hears nothing.
class FullListener {
 public:
  FullListener() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address_);
    auto* const any = reinterpret_cast<sockaddr*>(&address_);
    EXPECT_EQ(bind(listener_, any, size), 0);
    EXPECT_EQ(listen(listener_, 0), 0);
    EXPECT_EQ(getsockname(listener_, any, &size), 0);
    for (int i = 0; i < 4; ++i) {
      waiting_.push_back(
          socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      const int connected = connect(waiting_.back(), any, size);
      EXPECT_TRUE(connected == 0 || errno == EINPROGRESS);
    }
  }
  ~FullListener() {
    for (const int socket : waiting_) close(socket);
    close(listener_);
  }
  FullListener(const FullListener&) = delete;
  FullListener& operator=(const FullListener&) = delete;

  // `127.0.0.1:port`
  std::string address() const {
    return absl::StrCat("127.0.0.1:", ntohs(address_.sin_port));
  }

 private:
  int listener_;
  sockaddr_in address_ = {};
  std::vector<int> waiting_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_PROVIDERS_FULL_LISTENER_H_
