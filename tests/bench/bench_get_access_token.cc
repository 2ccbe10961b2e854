// SPDX-License-Identifier: Apache-2.0
//
// `./dev bench`: GetAccessToken, answered from memory, against a bare gRPC
// server that returns a message of the same size. Each server runs in a process
// of its own on one core, the client on another; the two are measured in turn,
// so that whatever else the machine does meets both. Prints the ratio of their
// throughputs, the median over the rounds, and of the processor time that a
// call costs the server, which counts where the client is the slower side.
#include <grpcpp/grpcpp.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "broker/server.h"
#include "broker/service.h"
#include "tests/bench/child_process.h"
#include "tests/world.h"
#include "tokenbroker/v1/token_broker.grpc.pb.h"

namespace tokenbroker {
namespace {

constexpr int kServerCore = 0;
constexpr int kClientCore = 1;
// Calls in flight at a time, over this many connections.
constexpr int kInFlight = 64;
constexpr int kChannels = 4;
constexpr int kSubjects = 1000;

void RunOnCore(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core % std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)), &cores);
  sched_setaffinity(0, sizeof(cores), &cores);
}

std::string Subject(int i) { return absl::StrCat("user-", i % kSubjects); }

// A Google access token has some 200 bytes.
std::string Token(int generation) {
  return absl::StrCat("at-", generation, "-", std::string(200, 'x'));
}

// What the rival answers: the same message, made without any thought.
class BareService final : public v1::TokenBrokerService::CallbackService {
 public:
  explicit BareService(v1::GetAccessTokenResponse answer)
      : answer_(std::move(answer)) {}

  grpc::ServerUnaryReactor* GetAccessToken(
      grpc::CallbackServerContext* context, const v1::GetAccessTokenRequest*,
      v1::GetAccessTokenResponse* response) override {
    *response = answer_;
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  const v1::GetAccessTokenResponse answer_;
};

config::v1::Grpc Listener() {
  config::v1::Grpc listener;
  listener.set_address("127.0.0.1:0");
  return listener;
}

// A child process that serves until it is killed.
class ServerProcess {
 public:
  template <typename Serve>
  explicit ServerProcess(const Serve& serve) {
    int ends[2];
    if (pipe(ends) != 0) std::abort();
    child_.emplace([&] {
      close(ends[0]);
      RunOnCore(kServerCore);
      serve([&](const std::string& address) {
        const std::string line = address + "\n";
        if (write(ends[1], line.data(), line.size()) < 0) std::abort();
        close(ends[1]);
        pause();
      });
    });
    close(ends[1]);
    char byte = 0;
    while (read(ends[0], &byte, 1) == 1 && byte != '\n') address_ += byte;
    close(ends[0]);
    if (address_.empty()) {
      std::fprintf(stderr, "a server did not start\n");
      std::exit(1);
    }
  }

  const std::string& address() const { return address_; }
  double CpuSeconds() const { return child_->CpuSeconds(); }

 private:
  std::optional<ChildProcess> child_;
  std::string address_;
};

// Calls as fast as answers come, for `duration`; gives calls per second.
class Client {
 public:
  explicit Client(const std::string& address) {
    for (int i = 0; i < kChannels; ++i) {
      grpc::ChannelArguments arguments;
      arguments.SetInt("bench.channel", i);  // a connection of its own
      stubs_.push_back(
          v1::TokenBrokerService::NewStub(grpc::CreateCustomChannel(
              address, grpc::InsecureChannelCredentials(), arguments)));
    }
  }

  double Run(absl::Duration duration) {
    const absl::Time start = absl::Now();
    for (int i = 0; i < kInFlight; ++i) Start(i);
    int64_t answered = 0;
    void* tag = nullptr;
    bool ok = false;
    bool running = true;
    int in_flight = kInFlight;
    while (in_flight > 0 && queue_.Next(&tag, &ok)) {
      const std::unique_ptr<Call> call(static_cast<Call*>(tag));
      --in_flight;
      if (!call->status.ok() || call->response.access_token().empty()) {
        std::fprintf(stderr, "a call failed: %s\n",
                     call->status.error_message().c_str());
        std::exit(1);
      }
      ++answered;
      running = running && absl::Now() - start < duration;
      if (running) {
        Start(call->number + kInFlight);
        ++in_flight;
      }
    }
    return static_cast<double>(answered) /
           absl::ToDoubleSeconds(absl::Now() - start);
  }

 private:
  struct Call {
    int number = 0;
    grpc::ClientContext context;
    v1::GetAccessTokenRequest request;
    v1::GetAccessTokenResponse response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::GetAccessTokenResponse>>
        reader;
  };

  void Start(int number) {
    auto* call = new Call;
    call->number = number;
    call->request.set_provider("acme");
    call->request.set_subject(Subject(number));
    call->reader = stubs_[number % kChannels]->AsyncGetAccessToken(
        &call->context, call->request, &queue_);
    call->reader->Finish(&call->response, &call->status, call);
  }

  std::vector<std::unique_ptr<v1::TokenBrokerService::Stub>> stubs_;
  grpc::CompletionQueue queue_;
};

void ServeBroker(const std::function<void(const std::string&)>& until_killed) {
  World world;
  for (int i = 0; i < kSubjects; ++i) {
    world.Connect(Subject(i), "rt-1", Token(1));
  }
  Service service(*world.broker, *world.providers);
  const auto server = Server::Listen(Listener(), service);
  if (!server.ok()) return;
  until_killed((*server)->address());
}

v1::GetAccessTokenResponse AskOnce(const std::string& address) {
  const auto stub = v1::TokenBrokerService::NewStub(
      grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  v1::GetAccessTokenRequest request;
  request.set_provider("acme");
  request.set_subject(Subject(0));
  v1::GetAccessTokenResponse response;
  if (!stub->GetAccessToken(&context, request, &response).ok()) {
    std::fprintf(stderr, "the broker does not answer\n");
    std::exit(1);
  }
  return response;
}

int Run(int rounds, absl::Duration duration) {
  // The broker first: the rival answers with the very message it gave. Both are
  // forked before this process starts a thread of gRPC's.
  ServerProcess broker(ServeBroker);
  v1::GetAccessTokenResponse answer;
  {
    // Asked by a child, for the same reason.
    int ends[2];
    if (pipe(ends) != 0) return 1;
    if (fork() == 0) {
      const std::string bytes = AskOnce(broker.address()).SerializeAsString();
      if (write(ends[1], bytes.data(), bytes.size()) < 0) std::_Exit(1);
      std::_Exit(0);
    }
    close(ends[1]);
    std::string bytes(1 << 16, '\0');
    size_t size = 0;
    ssize_t count = 0;
    while ((count = read(ends[0], bytes.data() + size, bytes.size() - size)) >
           0) {
      size += static_cast<size_t>(count);
    }
    close(ends[0]);
    wait(nullptr);
    if (!answer.ParseFromArray(bytes.data(), static_cast<int>(size)) ||
        answer.access_token().empty()) {
      std::fprintf(stderr, "the broker does not answer\n");
      return 1;
    }
  }
  ServerProcess bare([&](const auto& until_killed) {
    BareService service(answer);
    const auto server = Server::Listen(Listener(), service);
    if (server.ok()) until_killed((*server)->address());
  });

  RunOnCore(kClientCore);
  Client broker_client(broker.address());
  Client bare_client(bare.address());
  broker_client.Run(duration / 4);
  bare_client.Run(duration / 4);
  // Calls per second, and the server's processor time per call.
  struct Figures {
    double rate;
    double cpu;
  };
  const auto measure = [duration](Client& client, const ServerProcess& server) {
    const double before = server.CpuSeconds();
    const absl::Time start = absl::Now();
    const double rate = client.Run(duration);
    const double calls = rate * absl::ToDoubleSeconds(absl::Now() - start);
    return Figures{rate, (server.CpuSeconds() - before) / calls};
  };
  std::vector<double> rates;
  std::vector<double> costs;
  for (int round = 0; round < rounds; ++round) {
    // In turn first and second, against drift.
    Figures ours{};
    if (round % 2 == 0) ours = measure(broker_client, broker);
    const Figures theirs = measure(bare_client, bare);
    if (round % 2 != 0) ours = measure(broker_client, broker);
    rates.push_back(ours.rate / theirs.rate);
    costs.push_back(ours.cpu / theirs.cpu);
    std::printf(
        "round %d: broker %.0f calls/s, %.1f us of its core each; bare gRPC "
        "%.0f calls/s, %.1f us\n",
        round + 1, ours.rate, ours.cpu * 1e6, theirs.rate, theirs.cpu * 1e6);
    std::fflush(stdout);
  }
  std::sort(rates.begin(), rates.end());
  std::sort(costs.begin(), costs.end());
  std::printf(
      "GetAccessToken from memory, %zu bytes, %d in flight, one core each: "
      "%.3f of a bare gRPC server's throughput (median of %d, %.3f to %.3f), "
      "%.2f times its processor time per call\n",
      answer.ByteSizeLong(), kInFlight, rates[rates.size() / 2], rounds,
      rates.front(), rates.back(), costs[costs.size() / 2]);
  return 0;
}

}  // namespace
}  // namespace tokenbroker

int main(int argc, char** argv) {
  const bool quick = argc > 1 && absl::string_view(argv[1]) == "--quick";
  if (argc > 1 && !quick) {
    std::fprintf(stderr, "usage: bench_get_access_token [--quick]\n");
    return 64;
  }
  return quick ? tokenbroker::Run(5, absl::Seconds(1))
               : tokenbroker::Run(15, absl::Seconds(3));
}
