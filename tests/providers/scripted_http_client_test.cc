// SPDX-License-Identifier: Apache-2.0
//
// The fake keeps the contract that the real client keeps.
#include "tests/fakes/scripted_http_client.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/contract/http_client_contract.h"

namespace tokenbroker {
namespace {

constexpr absl::string_view kOrigin = "https://peer.test";

class ScriptedPeer final : public HttpPeer {
 public:
  HttpClient& client() override { return client_; }
  std::string Url(const std::string& target) override {
    return std::string(kOrigin) + target;
  }
  void Answer(HttpResponse response) override {
    const auto shared = std::make_shared<HttpResponse>(std::move(response));
    client_.AnswerWith([shared]() -> absl::StatusOr<HttpResponse> {
      return std::move(*shared);
    });
  }
  void BreakOff() override { client_.Fail(absl::UnknownError("peer.test")); }
  void Leave() override {}  // a request without a script is not sent
  std::vector<Seen> seen() override {
    std::vector<Seen> seen;
    for (const ScriptedHttpClient::Sent& sent : client_.sent()) {
      seen.push_back({sent.method, sent.url.substr(kOrigin.size()), sent.body});
    }
    return seen;
  }

 private:
  ScriptedHttpClient client_;
};

INSTANTIATE_TEST_SUITE_P(Scripted, HttpClientContract,
                         testing::Values(HttpClientCase{
                             [] { return std::make_unique<ScriptedPeer>(); }}));

}  // namespace
}  // namespace tokenbroker
