// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/limited_token_endpoint.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "tests/providers/loopback_server.h"

namespace tokenbroker {
namespace {

constexpr int kThreads = 32;
constexpr int kBacklog = 1024;
constexpr absl::Duration kThought = absl::Milliseconds(5);

std::string JsonAnswer(int status, absl::string_view headers,
                       absl::string_view body) {
  return HttpAnswer(status,
                    absl::StrCat("Content-Type: application/json\r\n", headers),
                    body);
}

// Token and generation of the refresh token in the body of `request`.
bool ReadRefreshToken(absl::string_view request, int* token, int* generation) {
  constexpr absl::string_view kName = "refresh_token=rt-";
  const size_t found = request.rfind(kName);
  if (found == absl::string_view::npos) return false;
  const std::vector<absl::string_view> parts = absl::StrSplit(
      request.substr(found + kName.size()), absl::ByAnyChar("-&"));
  return parts.size() >= 2 && absl::SimpleAtoi(parts[0], token) &&
         absl::SimpleAtoi(parts[1], generation);
}

}  // namespace

std::string HerdRefreshToken(int token, int generation) {
  return absl::StrCat("rt-", token, "-", generation, "-", std::string(80, 'x'));
}

std::string HerdAccessToken(int token, int generation) {
  return absl::StrCat("at-", token, "-", generation, "-",
                      std::string(200, 'x'));
}

LimitedTokenEndpoint::LimitedTokenEndpoint(int tokens, int per_second,
                                           Counts& counts)
    : per_second_(static_cast<size_t>(per_second)),
      counts_(counts),
      generations_(static_cast<size_t>(tokens)),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  for (std::atomic<int>& generation : generations_) generation = 1;
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, any, size) != 0 || listen(listener_, kBacklog) != 0 ||
      getsockname(listener_, any, &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
}

void LimitedTokenEndpoint::Serve() {
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this] { ServeConnections(); });
  }
  for (std::thread& thread : threads) thread.join();
}

void LimitedTokenEndpoint::ServeConnections() {
  while (true) {
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    std::string request;
    char buffer[4096];
    ssize_t size = 0;
    while (!IsWholeRequest(request) &&
           (size = recv(connection, buffer, sizeof(buffer), 0)) > 0) {
      request.append(buffer, static_cast<size_t>(size));
    }
    const std::string answer = Answer(request);
    send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
    close(connection);
  }
}

std::string LimitedTokenEndpoint::Answer(absl::string_view request) {
  if (!IsWithinLimit(absl::Now())) {
    ++counts_.over_the_limit;
    return JsonAnswer(429, "Retry-After: 1\r\n",
                      R"({"error":"temporarily_unavailable"})");
  }
  int token = 0;
  int generation = 0;
  if (!ReadRefreshToken(request, &token, &generation) || token < 0 ||
      static_cast<size_t>(token) >= generations_.size()) {
    ++counts_.not_understood;
    return JsonAnswer(400, "", R"({"error":"invalid_request"})");
  }
  const int next = generation + 1;
  if (!generations_[token].compare_exchange_strong(generation, next)) {
    ++counts_.spent_twice;
    return JsonAnswer(400, "", R"({"error":"invalid_grant"})");
  }
  ++counts_.refreshed;
  absl::SleepFor(kThought);
  return JsonAnswer(
      200, "",
      absl::StrCat(R"({"token_type":"Bearer","expires_in":3600,)",
                   R"("access_token":")", HerdAccessToken(token, next),
                   R"(","refresh_token":")", HerdRefreshToken(token, next),
                   R"("})"));
}

bool LimitedTokenEndpoint::IsWithinLimit(absl::Time now) {
  MutexLock lock(&mutex_);
  while (!arrivals_.empty() && arrivals_.front() <= now - absl::Seconds(1)) {
    arrivals_.pop_front();
  }
  arrivals_.push_back(now);
  counts_.busiest_second = std::max(counts_.busiest_second.load(),
                                    static_cast<int64_t>(arrivals_.size()));
  return arrivals_.size() <= per_second_;
}

}  // namespace tokenbroker
