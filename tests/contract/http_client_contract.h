// SPDX-License-Identifier: Apache-2.0
//
// Holds an HTTP client to broker/http_client.h. A client enters with a peer
// that it talks to, and one line:
//
//   INSTANTIATE_TEST_SUITE_P(Curl, HttpClientContract,
//                            testing::Values(HttpClientCase{...}));
#ifndef TOKENBROKER_TESTS_CONTRACT_HTTP_CLIENT_CONTRACT_H_
#define TOKENBROKER_TESTS_CONTRACT_HTTP_CLIENT_CONTRACT_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/http_client.h"
#include "gtest/gtest.h"

namespace tokenbroker {

// A client and the other end of its line.
class HttpPeer {
 public:
  struct Seen {
    std::string method;
    std::string target;  // path and query
    std::string body;
  };

  virtual ~HttpPeer() = default;

  virtual HttpClient& client() = 0;
  // Where the peer is, with `target` behind it.
  virtual std::string Url(const std::string& target) = 0;

  // The next request that has none yet gets this answer, or none at all
  // although it arrived.
  virtual void Answer(HttpResponse response) = 0;
  virtual void BreakOff() = 0;
  // No request arrives from now on.
  virtual void Leave() = 0;
  virtual std::vector<Seen> seen() = 0;
};

struct HttpClientCase {
  std::function<std::unique_ptr<HttpPeer>()> make;
};

class HttpClientContract : public testing::TestWithParam<HttpClientCase> {
 protected:
  HttpClientContract() : peer_(GetParam().make()) {}

  HttpPeer& peer() { return *peer_; }

  absl::StatusOr<HttpResponse> Get(const std::string& target);
  absl::StatusOr<HttpResponse> Post(const std::string& target,
                                    const std::string& body);

 private:
  const std::unique_ptr<HttpPeer> peer_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_CONTRACT_HTTP_CLIENT_CONTRACT_H_
