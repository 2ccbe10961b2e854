// SPDX-License-Identifier: Apache-2.0
#include "tests/providers/loopback_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tokenbroker {

LoopbackServer::LoopbackServer()
    : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(listener_, any, size), 0);
  EXPECT_EQ(listen(listener_, 128), 0);
  EXPECT_EQ(getsockname(listener_, any, &size), 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

LoopbackServer::~LoopbackServer() { Close(); }

std::string LoopbackServer::address() const {
  return absl::StrCat("127.0.0.1:", port_);
}

void LoopbackServer::Add(Step step) {
  MutexLock lock(&mutex_);
  script_.push_back(std::move(step));
}

void LoopbackServer::Close() {
  if (!thread_.joinable()) return;
  shutdown(listener_, SHUT_RDWR);  // wakes accept
  thread_.join();
  close(listener_);
  for (const int connection : held_) close(connection);
}

std::vector<std::string> LoopbackServer::received() const {
  MutexLock lock(&mutex_);
  return received_;
}

void LoopbackServer::Serve() {
  while (true) {
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    Deal(connection);
  }
}

void LoopbackServer::Deal(int connection) {
  Step step{.then = Then::kReset};
  {
    MutexLock lock(&mutex_);
    if (!script_.empty()) {
      step = std::move(script_.front());
      script_.pop_front();
    }
  }
  std::string request;
  char buffer[16384];
  do {
    const ssize_t size = recv(connection, buffer, sizeof(buffer), 0);
    if (size <= 0) break;
    request.append(buffer, size);
  } while (!step.at_first_bytes && !IsWholeRequest(request));
  {
    MutexLock lock(&mutex_);
    received_.push_back(std::move(request));
  }
  absl::string_view rest = step.bytes;
  while (!rest.empty()) {
    const ssize_t sent =
        send(connection, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;
    rest.remove_prefix(sent);
  }
  if (step.then == Then::kHold) {
    held_.push_back(connection);
    return;
  }
  if (step.then == Then::kReset) {
    const linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  }
  close(connection);
}

bool IsWholeRequest(absl::string_view request) {
  const size_t head = request.find("\r\n\r\n");
  if (head == absl::string_view::npos) return false;
  constexpr absl::string_view kLength = "Content-Length: ";
  const size_t length = request.find(kLength);
  if (length == absl::string_view::npos || length > head) return true;
  const size_t digits = length + kLength.size();
  size_t size = 0;
  return absl::SimpleAtoi(
             request.substr(digits, request.find('\r', digits) - digits),
             &size) &&
         request.size() >= head + 4 + size;
}

std::string HttpAnswer(int status, absl::string_view headers,
                       absl::string_view body) {
  return absl::StrCat("HTTP/1.1 ", status, " Something\r\n", headers,
                      "Content-Length: ", body.size(), "\r\n\r\n", body);
}

}  // namespace tokenbroker
