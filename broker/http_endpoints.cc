// SPDX-License-Identifier: Apache-2.0
#include "broker/http_endpoints.h"

#include <httplib.h>

#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace tokenbroker {
namespace {

// A connection holds a thread until it is answered or gives up, so there are
// many threads, short patience, and one answer a connection: whoever holds
// connections open must not make a probe wait.
constexpr int kThreads = 32;
constexpr int kTimeoutSeconds = 1;
constexpr char kText[] = "text/plain; charset=utf-8";

class HttplibEndpoints final : public HttpEndpoints {
 public:
  HttplibEndpoints(const Readiness& readiness, const Metrics& metrics) {
    server_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    server_.set_keep_alive_max_count(1);
    server_.set_keep_alive_timeout(kTimeoutSeconds);
    server_.set_read_timeout(kTimeoutSeconds);
    server_.set_write_timeout(kTimeoutSeconds);
    // Without SO_REUSEPORT, which would let two brokers share a port unseen.
    server_.set_socket_options([this](socket_t socket) {
      const int yes = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
      listener_ = socket;
    });
    server_.Get("/livez", [](const httplib::Request& request,
                             httplib::Response& response) {
      // That this thread answers is the check.
      response.set_content(request.has_param("verbose")
                               ? "[+]ping ok\nlivez check passed\n"
                               : "ok",
                           kText);
    });
    server_.Get("/readyz", [&readiness](const httplib::Request& request,
                                        httplib::Response& response) {
      bool ready = true;
      std::string text;
      for (const auto& [name, status] : readiness.Report()) {
        ready = ready && status.ok();
        absl::StrAppend(&text, status.ok() ? "[+]" : "[-]", name, " ",
                        status.ok() ? "ok" : status.message(), "\n");
      }
      absl::StrAppend(&text, "readyz check ", ready ? "passed" : "failed",
                      "\n");
      response.status = ready ? 200 : 503;
      response.set_content(ready && !request.has_param("verbose") ? "ok" : text,
                           kText);
    });
    server_.Get("/metrics", [&metrics](const httplib::Request&,
                                       httplib::Response& response) {
      response.set_content(metrics.Text(),
                           "text/plain; version=0.0.4; charset=utf-8");
    });
  }

  ~HttplibEndpoints() override {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Bind(const std::string& address) {
    const size_t colon = address.rfind(':');
    host_ = address.substr(0, colon);
    absl::string_view host = host_;
    absl::ConsumePrefix(&host, "[");
    absl::ConsumeSuffix(&host, "]");
    int port = 0;
    if (colon == std::string::npos ||
        !absl::SimpleAtoi(address.substr(colon + 1), &port)) {
      return absl::InvalidArgumentError(
          absl::StrCat("http.address ", address, " is not host:port"));
    }
    const std::string bare_host(host);
    const bool bound = port == 0
                           ? (port = server_.bind_to_any_port(bare_host)) > 0
                           : server_.bind_to_port(bare_host, port);
    if (!bound) {
      return absl::AlreadyExistsError(
          absl::StrCat("cannot listen on http.address ", address,
                       ": the port is in use or the address is not this "
                       "machine's; choose another"));
    }
    port_ = port;
    // The library queues five connections; the sixth of a burst would be
    // dropped, and come again only after a second.
    listen(listener_, SOMAXCONN);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    // stop() has no effect on a server that does not run yet.
    while (!server_.is_running()) std::this_thread::yield();
    return absl::OkStatus();
  }

  std::string address() const override {
    return absl::StrCat(host_, ":", port_);
  }

 private:
  httplib::Server server_;
  std::string host_;
  int port_ = 0;
  socket_t listener_ = INVALID_SOCKET;  // belongs to server_
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpEndpoints>> HttpEndpoints::Listen(
    const std::string& address, const Readiness& readiness,
    const Metrics& metrics) {
  auto endpoints = std::make_unique<HttplibEndpoints>(readiness, metrics);
  if (absl::Status status = endpoints->Bind(address); !status.ok()) {
    return status;
  }
  return std::unique_ptr<HttpEndpoints>(std::move(endpoints));
}

}  // namespace tokenbroker
