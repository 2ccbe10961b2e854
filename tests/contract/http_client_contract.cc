// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/http_client_contract.h"

#include <atomic>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tokenbroker {

// Not every test program has a client.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(HttpClientContract);

absl::StatusOr<HttpResponse> HttpClientContract::Get(
    const std::string& target) {
  HttpRequest request;
  request.url = peer().Url(target);
  request.allow_loopback = true;
  return peer().client().Send(request);
}

absl::StatusOr<HttpResponse> HttpClientContract::Post(const std::string& target,
                                                      const std::string& body) {
  HttpRequest request;
  request.method = "POST";
  request.url = peer().Url(target);
  request.body = Secret(body);
  request.allow_loopback = true;
  return peer().client().Send(request);
}

namespace {

using absl::StatusCode;

HttpResponse Json(int status, const std::string& body) {
  return HttpResponse{.status = status,
                      .content_type = "application/json",
                      .body = Secret(body)};
}

TEST_P(HttpClientContract, ReturnsTheAnswerWhateverItsStatus) {
  for (const int status : {200, 201, 302, 400, 401, 404, 429, 500, 503}) {
    peer().Answer(Json(status, absl::StrCat("{\"s\":", status, "}")));
    const auto response = Post("/token", "a=b");
    ASSERT_TRUE(response.ok()) << status << ": " << response.status();
    EXPECT_EQ(response->status, status);
    EXPECT_EQ(response->body.Reveal(), absl::StrCat("{\"s\":", status, "}"));
  }
}

TEST_P(HttpClientContract, GivesTheBodyAsItCame) {
  const std::string bodies[] = {"", std::string("a\0\r\n\xff", 5),
                                std::string(kMaxResponseBytes, 'x')};
  for (const std::string& body : bodies) {
    peer().Answer(Json(200, body));
    const auto response = Get("/");
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_TRUE(response->body.Matches(body)) << body.size();
  }
}

TEST_P(HttpClientContract, GivesTheHeadersThatMatter) {
  peer().Answer(HttpResponse{.status = 503,
                             .content_type = "text/html; charset=utf-8",
                             .retry_after = "120"});
  const auto response = Get("/");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->content_type, "text/html; charset=utf-8");
  EXPECT_EQ(response->retry_after, "120");
}

TEST_P(HttpClientContract, SendsMethodTargetAndBodyAsGiven) {
  peer().Answer(Json(200, "{}"));
  peer().Answer(Json(200, "{}"));
  ASSERT_TRUE(Post("/token?tenant=a%20b", "code=x%26y&z=").ok());
  ASSERT_TRUE(Get("/.well-known/openid-configuration").ok());
  const auto seen = peer().seen();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].method, "POST");
  EXPECT_EQ(seen[0].target, "/token?tenant=a%20b");
  EXPECT_EQ(seen[0].body, "code=x%26y&z=");
  EXPECT_EQ(seen[1].method, "GET");
  EXPECT_EQ(seen[1].target, "/.well-known/openid-configuration");
  EXPECT_EQ(seen[1].body, "");
}

TEST_P(HttpClientContract, SendsABodyWithAnyMethod) {
  peer().Answer(Json(204, ""));
  HttpRequest request;
  request.method = "DELETE";
  request.url = peer().Url("/grant");
  request.body = Secret("{}");
  request.allow_loopback = true;
  ASSERT_TRUE(peer().client().Send(request).ok());
  const auto seen = peer().seen();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].method, "DELETE");
  EXPECT_EQ(seen[0].body, "{}");
}

TEST_P(HttpClientContract, SendsOnceThoughNoAnswerComes) {
  peer().BreakOff();
  EXPECT_EQ(Post("/token", "a=b").status().code(), StatusCode::kUnknown);
  EXPECT_EQ(peer().seen().size(), 1u);
}

TEST_P(HttpClientContract, SaysThatNothingWasSent) {
  peer().Leave();
  EXPECT_EQ(Post("/token", "a=b").status().code(), StatusCode::kUnavailable);
}

TEST_P(HttpClientContract, SaysSoAlsoAfterRequestsThatWereSent) {
  peer().Answer(Json(200, "{}"));
  ASSERT_TRUE(Post("/token", "a=b").ok());
  peer().BreakOff();
  ASSERT_FALSE(Post("/token", "a=b").ok());
  peer().Leave();
  EXPECT_EQ(Post("/token", "a=b").status().code(), StatusCode::kUnavailable);
}

TEST_P(HttpClientContract, GoesOnAfterARequestThatFailed) {
  peer().BreakOff();
  peer().Answer(Json(200, "{}"));
  EXPECT_FALSE(Post("/token", "a=b").ok());
  EXPECT_TRUE(Post("/token", "a=b").ok());
}

TEST_P(HttpClientContract, RepeatsNothingOfTheRequestInErrors) {
  peer().BreakOff();
  const absl::Status broken = Post("/path?query=1", "s3cret").status();
  peer().Leave();
  const absl::Status unsent = Post("/path?query=1", "s3cret").status();
  for (const absl::Status& status : {broken, unsent}) {
    for (const char* part : {"path", "query", "s3cret"}) {
      EXPECT_FALSE(absl::StrContains(status.message(), part)) << status;
    }
  }
}

TEST_P(HttpClientContract, ServesThreadsAtOnce) {
  constexpr size_t kThreads = 8;
  constexpr size_t kRequests = 10;
  for (size_t i = 0; i < kThreads * kRequests; ++i) {
    peer().Answer(Json(200, "{}"));
  }
  std::atomic<size_t> answered = 0;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, &answered, t] {
      for (size_t i = 0; i < kRequests; ++i) {
        if (Post("/token", absl::StrCat(t, ".", i)).ok()) ++answered;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, kThreads * kRequests);
  EXPECT_EQ(peer().seen().size(), kThreads * kRequests);
}

}  // namespace
}  // namespace tokenbroker
