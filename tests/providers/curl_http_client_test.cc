// SPDX-License-Identifier: Apache-2.0
#include "providers/curl_http_client.h"

#include <httplib.h>
#include <zlib.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "tests/contract/http_client_contract.h"
#include "tests/providers/certificate.h"
#include "tests/providers/full_listener.h"
#include "tests/providers/hanging_resolver.h"
#include "tests/providers/loopback_server.h"
#include "tests/storage/temp_dir.h"

namespace tokenbroker {
namespace {

using absl::StatusCode;
using Then = LoopbackServer::Then;

// The client on a real line.
class CurlPeer final : public HttpPeer {
 public:
  HttpClient& client() override { return client_; }
  std::string Url(const std::string& target) override {
    return absl::StrCat("http://", server_.address(), target);
  }
  void Answer(HttpResponse response) override {
    std::string headers;
    if (!response.content_type.empty()) {
      absl::StrAppend(&headers, "Content-Type: ", response.content_type,
                      "\r\n");
    }
    if (!response.retry_after.empty()) {
      absl::StrAppend(&headers, "Retry-After: ", response.retry_after, "\r\n");
    }
    // Where a redirect would lead, if it were followed.
    absl::StrAppend(&headers, "Location: ", Url("/elsewhere"), "\r\n");
    server_.Add({.bytes = HttpAnswer(response.status, headers,
                                     response.body.Reveal())});
  }
  void BreakOff() override { server_.Add({.then = Then::kReset}); }
  void Leave() override { server_.Close(); }
  std::vector<Seen> seen() override {
    std::vector<Seen> seen;
    for (const std::string& request : server_.received()) {
      const std::vector<std::string> parts =
          absl::StrSplit(request, absl::MaxSplits("\r\n\r\n", 1));
      const std::vector<std::string> words = absl::StrSplit(parts[0], ' ');
      seen.push_back({words.at(0), words.at(1), parts.at(1)});
    }
    return seen;
  }

 private:
  CurlHttpClient client_;
  LoopbackServer server_;
};

INSTANTIATE_TEST_SUITE_P(Curl, HttpClientContract,
                         testing::Values(HttpClientCase{
                             [] { return std::make_unique<CurlPeer>(); }}));

std::string Gzip(std::string text) {
  z_stream stream = {};
  constexpr int kWithGzipHead = 15 + 16;
  EXPECT_EQ(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kWithGzipHead,
                         8, Z_DEFAULT_STRATEGY),
            Z_OK);
  std::string gzip(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = text.size();
  stream.next_out = reinterpret_cast<Bytef*>(gzip.data());
  stream.avail_out = gzip.size();
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  gzip.resize(stream.total_out);
  deflateEnd(&stream);
  return gzip;
}

// One request to `server`, which does `step` with it.
class CurlHttpClientTest : public testing::Test {
 protected:
  absl::StatusOr<HttpResponse> Post(LoopbackServer::Step step,
                                    absl::string_view body = "a=b") {
    server_.Add(std::move(step));
    HttpRequest request = RequestTo(absl::StrCat("http://", server_.address()));
    request.body = Secret(body);
    return client_.Send(request);
  }
  static HttpRequest RequestTo(const std::string& url) {
    HttpRequest request;
    request.method = "POST";
    request.url = url;
    request.allow_loopback = true;
    return request;
  }

  CurlHttpClient client_;
  LoopbackServer server_;
};

TEST_F(CurlHttpClientTest, TakesNoMoreThan256KiB) {
  const std::string body(kMaxResponseBytes + 1, 'x');
  const std::string answers[] = {
      HttpAnswer(200, "", body),
      "HTTP/1.1 200 OK\r\n\r\n" + body,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40001\r\n" + body +
          "\r\n0\r\n\r\n",
  };
  for (const std::string& answer : answers) {
    const absl::Status status = Post({.bytes = answer}).status();
    EXPECT_EQ(status.code(), StatusCode::kUnknown);
    EXPECT_TRUE(absl::StrContains(status.message(), "larger than 256 KiB"));
  }
}

TEST_F(CurlHttpClientTest, TakesNoMoreThan256KiBOfHeaders) {
  std::string headers;
  while (headers.size() <= kMaxResponseBytes) headers += "A: b\r\n";
  EXPECT_EQ(Post({.bytes = HttpAnswer(200, headers, "")}).status().code(),
            StatusCode::kUnknown);
}

TEST_F(CurlHttpClientTest, TakesNoPartForTheWhole) {
  const std::string whole = HttpAnswer(200, "", "{\"a\":1}");
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(Post({.bytes = whole.substr(0, size)}).status().code(),
              StatusCode::kUnknown)
        << size;
  }
  EXPECT_TRUE(Post({.bytes = whole}).ok());
}

TEST_F(CurlHttpClientTest, TakesNoInterimAnswerForTheLast) {
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(Post({.bytes = interim}).status().code(), StatusCode::kUnknown);
  EXPECT_EQ(Post({.bytes = interim + "HTTP/1.1 401 Something\r\nA: b\r\n"})
                .status()
                .code(),
            StatusCode::kUnknown);
  const auto response = Post({.bytes = interim + HttpAnswer(200, "", "{}")});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body.Reveal(), "{}");
}

TEST_F(CurlHttpClientTest, TakesNoPartOfChunksForTheWhole) {
  EXPECT_EQ(Post({.bytes = "HTTP/1.1 200 OK\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"})
                .status()
                .code(),
            StatusCode::kUnknown);
}

TEST_F(CurlHttpClientTest, GivesUpAtTheTimeout) {
  for (const std::string bytes : {"", "HTTP/1.1 200 OK\r\nContent-Le"}) {
    server_.Add({.bytes = bytes, .then = Then::kHold});
    HttpRequest request = RequestTo(absl::StrCat("http://", server_.address()));
    request.timeout = absl::Milliseconds(50);
    EXPECT_EQ(client_.Send(request).status().code(), StatusCode::kUnknown);
  }
  EXPECT_EQ(server_.received().size(), 2u);
}

TEST_F(CurlHttpClientTest, TakesAnEmptyTimeoutForAShortOne) {
  server_.Add({.then = Then::kHold});
  HttpRequest request = RequestTo(absl::StrCat("http://", server_.address()));
  request.timeout = absl::ZeroDuration();
  EXPECT_FALSE(client_.Send(request).ok());
}

TEST_F(CurlHttpClientTest, GivesUpOnATlsHandshakeThatDoesNotEnd) {
  server_.Add({.then = Then::kHold, .at_first_bytes = true});
  HttpRequest request = RequestTo(absl::StrCat("https://", server_.address()));
  request.timeout = absl::Milliseconds(50);
  EXPECT_EQ(client_.Send(request).status().code(), StatusCode::kUnavailable);
}

// A client that reuses the connection waits here for an answer in vain; one
// that finds it dead sends again.
TEST_F(CurlHttpClientTest, GivesEachRequestAConnectionOfItsOwn) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(
        Post({.bytes = HttpAnswer(200, "Connection: keep-alive\r\n", ""),
              .then = Then::kHold})
            .ok());
  }
  EXPECT_EQ(server_.received().size(), 3u);
}

TEST_F(CurlHttpClientTest, DoesNotAskBeforeALargeBody) {
  const std::string body(100 << 10, 'x');
  ASSERT_TRUE(Post({.bytes = HttpAnswer(200, "", "")}, body).ok());
  const std::string request = server_.received().at(0);
  EXPECT_FALSE(absl::StrContains(request, "Expect:"));
  EXPECT_TRUE(absl::EndsWith(request, "\r\n\r\n" + body));
}

TEST_F(CurlHttpClientTest, SendsTheHeadersAndNoOthersOfNote) {
  server_.Add({.bytes = HttpAnswer(200, "Set-Cookie: a=b\r\n", "")});
  server_.Add({.bytes = HttpAnswer(200, "", "")});
  HttpRequest request = RequestTo(absl::StrCat("http://", server_.address()));
  request.headers.emplace_back("Authorization", Secret("Basic abc"));
  request.headers.emplace_back("Accept", Secret("application/json"));
  ASSERT_TRUE(client_.Send(request).ok());
  ASSERT_TRUE(client_.Send(request).ok());
  for (const std::string& received : server_.received()) {
    EXPECT_TRUE(
        absl::StrContains(received, "\r\nAuthorization: Basic abc\r\n"));
    EXPECT_TRUE(
        absl::StrContains(received, "\r\nAccept: application/json\r\n"));
    EXPECT_TRUE(
        absl::StrContains(received, "\r\nUser-Agent: token-broker\r\n"));
    EXPECT_FALSE(absl::StrContains(received, "Cookie"));
    EXPECT_FALSE(absl::StrContains(received, "Accept-Encoding"));
  }
}

TEST_F(CurlHttpClientTest, CallsNoBodyAFormByItself) {
  ASSERT_TRUE(Post({.bytes = HttpAnswer(200, "", "")}, "").ok());
  EXPECT_FALSE(absl::StrContains(server_.received().at(0), "Content-Type"));
  EXPECT_TRUE(
      absl::StrContains(server_.received().at(0), "\r\nContent-Length: 0\r\n"));
}

TEST_F(CurlHttpClientTest, IgnoresTheProxyOfTheEnvironment) {
  const LoopbackServer proxy;
  const std::string url = absl::StrCat("http://", proxy.address());
  ASSERT_EQ(setenv("http_proxy", url.c_str(), 1), 0);
  ASSERT_EQ(setenv("ALL_PROXY", url.c_str(), 1), 0);
  const auto response = Post({.bytes = HttpAnswer(200, "", "direct")});
  unsetenv("http_proxy");
  unsetenv("ALL_PROXY");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->body.Reveal(), "direct");
}

TEST_F(CurlHttpClientTest, DialsLoopbackOnlyWhereItIsAllowed) {
  const std::string port = server_.address().substr(9);  // with the colon
  for (const char* host :
       {"127.0.0.1", "127.1", "2130706433", "0177.0.0.1", "0x7f.1",
        "[::ffff:127.0.0.1]", "[::1]", "localhost"}) {
    HttpRequest request = RequestTo(absl::StrCat("https://", host, port));
    request.allow_loopback = false;
    const absl::Status status = client_.Send(request).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << host << status;
  }
  EXPECT_TRUE(server_.received().empty());
}

TEST_F(CurlHttpClientTest, NeverDialsWhereNoProviderIs) {
  for (const char* host :
       {"169.254.169.254", "[fe80::1]", "0.0.0.0", "0", "[::]", "224.0.0.1",
        "255.255.255.255", "[ff02::1]", "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]"}) {
    const absl::Status status =
        client_.Send(RequestTo(absl::StrCat("http://", host, "/"))).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << host << status;
  }
}

TEST_F(CurlHttpClientTest, RefusesOtherProtocols) {
  const std::string plain = absl::StrCat("http://", server_.address());
  HttpRequest request = RequestTo(plain);
  request.allow_loopback = false;
  EXPECT_EQ(client_.Send(request).status().code(),
            StatusCode::kInvalidArgument);
  for (const char* url :
       {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "",
        "http://", "https://a b/"}) {
    EXPECT_EQ(client_.Send(RequestTo(url)).status().code(),
              StatusCode::kInvalidArgument)
        << url;
  }
  EXPECT_TRUE(server_.received().empty());
}

TEST_F(CurlHttpClientTest, SendsNothingOfARequestWithoutTls) {
  for (const char* bytes : {"HTTP/1.1 400 Bad Request\r\n\r\n", ""}) {
    server_.Add({.bytes = bytes, .at_first_bytes = true});
    HttpRequest request =
        RequestTo(absl::StrCat("https://", server_.address(), "/token"));
    request.body = Secret("s3cret");
    EXPECT_EQ(client_.Send(request).status().code(), StatusCode::kUnavailable);
  }
  ASSERT_EQ(server_.received().size(), 2u);
  for (const std::string& received : server_.received()) {
    EXPECT_FALSE(absl::StrContains(received, "/token"));
    EXPECT_FALSE(absl::StrContains(received, "s3cret"));
  }
}

// A TLS server with a certificate that nobody signed but itself.
class TlsServer {
 public:
  TlsServer() {
    EXPECT_TRUE(WriteCertificate(dir_ / "key", certificate()));
    server_ = std::make_unique<httplib::SSLServer>(certificate().c_str(),
                                                   (dir_ / "key").c_str());
    EXPECT_TRUE(server_->is_valid());
    server_->Post("/token", [this](const auto&, auto&) { ++requests_; });
    port_ = server_->bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) std::this_thread::yield();
  }
  ~TlsServer() {
    server_->stop();
    thread_.join();
  }

  std::string certificate() const { return dir_ / "cert"; }
  std::string file(const std::string& name) const { return dir_ / name; }
  std::string Url(absl::string_view host) const {
    return absl::StrCat("https://", host, ":", port_, "/token");
  }
  int requests() const { return requests_; }

 private:
  const TempDir dir_;
  std::unique_ptr<httplib::SSLServer> server_;
  std::atomic<int> requests_ = 0;
  int port_ = 0;
  std::thread thread_;
};

TEST_F(CurlHttpClientTest, SendsNothingToAServerWithoutACertificateToTrust) {
  const TlsServer server;
  const absl::Status status =
      client_.Send(RequestTo(server.Url("127.0.0.1"))).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "certificate")) << status;
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(CurlHttpClientTest, TrustsTheAuthoritiesOfTheRequestAlone) {
  const TlsServer server;
  HttpRequest request = RequestTo(server.Url("127.0.0.1"));
  request.ca_file = server.certificate();
  const auto response = client_.Send(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 200);

  // Not for another host, and not for the next request.
  HttpRequest elsewhere = RequestTo(server.Url("localhost"));
  elsewhere.ca_file = request.ca_file;
  EXPECT_EQ(client_.Send(elsewhere).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(client_.Send(RequestTo(request.url)).status().code(),
            StatusCode::kUnavailable);
  EXPECT_EQ(server.requests(), 1);
  EXPECT_TRUE(client_.Send(request).ok());
}

TEST_F(CurlHttpClientTest, TrustsNobodyWithoutAFileOfAuthorities) {
  const TlsServer server;
  HttpRequest request = RequestTo(server.Url("127.0.0.1"));
  request.ca_file = server.file("ca");
  EXPECT_EQ(client_.Send(request).status().code(), StatusCode::kUnavailable);
  for (const std::string contents : {"", "no PEM\n"}) {
    WriteBytes(request.ca_file, contents);
    EXPECT_EQ(client_.Send(request).status().code(), StatusCode::kUnavailable);
  }
  EXPECT_EQ(server.requests(), 0);
  // A file that is replaced counts at once.
  WriteBytes(request.ca_file, ReadBytes(server.certificate()));
  EXPECT_TRUE(client_.Send(request).ok());
  WriteBytes(request.ca_file, "");
  EXPECT_EQ(client_.Send(request).status().code(), StatusCode::kUnavailable);
}

TEST_F(CurlHttpClientTest, GivesUpOnAConnectionThatIsNotAccepted) {
  const FullListener listener;
  HttpRequest request = RequestTo(absl::StrCat("http://", listener.address()));
  request.timeout = absl::Milliseconds(200);
  const absl::Time start = absl::Now();
  EXPECT_EQ(client_.Send(request).status().code(), StatusCode::kUnavailable);
  const absl::Duration took = absl::Now() - start;
  EXPECT_GE(took, absl::Milliseconds(190));
  EXPECT_LT(took, absl::Seconds(4));
}

TEST_F(CurlHttpClientTest, GivesUpOnANameServerThatDoesNotAnswer) {
  const HangingResolver resolver;
  HttpRequest request =
      RequestTo(absl::StrCat("https://", HangingResolver::kHost, "/token"));
  request.timeout = absl::Milliseconds(200);
  const absl::Time start = absl::Now();
  EXPECT_EQ(client_.Send(request).status().code(), StatusCode::kUnavailable);
  const absl::Duration took = absl::Now() - start;
  EXPECT_GE(took, absl::Milliseconds(190));
  EXPECT_LT(took, absl::Seconds(4));
}

TEST_F(CurlHttpClientTest, FollowsNoRedirect) {
  for (const int status : {301, 302, 303, 307, 308}) {
    const LoopbackServer elsewhere;
    const auto response =
        Post({.bytes = HttpAnswer(status,
                                  absl::StrCat("Location: http://",
                                               elsewhere.address(), "\r\n"),
                                  "")});
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->status, status);
    EXPECT_TRUE(elsewhere.received().empty());
  }
}

TEST_F(CurlHttpClientTest, LeavesACompressedBodyAsItIs) {
  const std::string gzip = Gzip(std::string(100 << 20, ' '));
  ASSERT_LT(gzip.size(), kMaxResponseBytes);
  const auto response =
      Post({.bytes = HttpAnswer(200, "Content-Encoding: gzip\r\n", gzip)});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_TRUE(response->body.Matches(gzip));
}

TEST_F(CurlHttpClientTest, InflatesNoTransferBeyond256KiB) {
  const std::string gzip = Gzip(std::string(100 << 20, ' '));
  const absl::Status status =
      Post({.bytes = absl::StrCat("HTTP/1.1 200 OK\r\n"
                                  "Transfer-Encoding: gzip, chunked\r\n\r\n",
                                  absl::Hex(gzip.size()), "\r\n", gzip,
                                  "\r\n0\r\n\r\n")})
          .status();
  EXPECT_EQ(status.code(), StatusCode::kUnknown);
  EXPECT_TRUE(absl::StrContains(status.message(), "larger than 256 KiB"))
      << status;
}

// No name server is asked: a label has at most 63 bytes (RFC 1035 2.3.4).
TEST_F(CurlHttpClientTest, SendsNothingToAHostWithoutAnAddress) {
  const std::string host = std::string(64, 'a') + ".test";
  const absl::Status status =
      client_.Send(RequestTo(absl::StrCat("https://", host, "/token?a=b")))
          .status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StartsWith(status.message(), host + ": ")) << status;
  EXPECT_FALSE(absl::StrContains(status.message(), "token")) << status;
}

TEST_F(CurlHttpClientTest, NamesTheHostInErrors) {
  const absl::Status status = Post({.then = Then::kReset}).status();
  EXPECT_TRUE(absl::StartsWith(status.message(), "127.0.0.1: ")) << status;
}

}  // namespace
}  // namespace tokenbroker
