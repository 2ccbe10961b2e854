// SPDX-License-Identifier: Apache-2.0
//
// `./dev bench herd`: very many tokens that expire within one minute, all
// overdue, as after an outage; and a provider that takes so many requests a
// second and not one more. Proves that all are refreshed before they expire,
// those in use first, each with one request; and measures how reads fare
// meanwhile, against the same reads while nothing is due.
//
// Three processes: the broker as it is served, over RocksDB, curl and gRPC; the
// provider; and this one, which reads at a fixed rate. One line per figure;
// ends with 1 when a promise is not kept.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "broker/broker.h"
#include "broker/clock.h"
#include "broker/config.h"
#include "broker/event_log.h"
#include "broker/freshness.h"
#include "broker/proto_time.h"
#include "broker/random.h"
#include "broker/sealing.h"
#include "broker/server.h"
#include "broker/service.h"
#include "providers/configured_providers.h"
#include "providers/curl_http_client.h"
#include "storage/rocks_token_store.h"
#include "tests/bench/child_process.h"
#include "tests/bench/limited_token_endpoint.h"
#include "tests/bench/open_loop_reader.h"
#include "tests/test_keyring.h"

namespace tokenbroker {
namespace {

constexpr char kProvider[] = "herd";
constexpr int kReadsPerSecond = 500;
constexpr int kConcurrentRequests = 16;
constexpr absl::Duration kLife = absl::Hours(1);
// Between the last refresh, if all goes as it should, and the minute in which
// the tokens expire.
constexpr absl::Duration kSlack = absl::Seconds(45);
// With less to live a token is not handed out, but refreshed for the caller: no
// token in use comes near it before its turn.
constexpr absl::Duration kFresh = absl::Seconds(75);
constexpr absl::Duration kWarmUp = absl::Seconds(3);
constexpr int kSeedingThreads = 64;
constexpr int kSeededPerSecond = 3000;

struct Options {
  int tokens = 100'000;
  int rate = 500;
  int idle_seconds = 20;
  bool no_latency = false;

  // In use.
  int used() const { return std::clamp(tokens / 10, 1, 1000); }
  bool IsUsed(int token) const { return token % (tokens / used()) == 0; }

  // In any second the provider sees what starts in that second, the twentieth
  // that a gate makes up for at once (gate.h), and what was under way.
  int per_minute() const {
    return static_cast<int>((rate - kConcurrentRequests) / 1.05 * 60);
  }
  absl::Duration drain() const {
    return absl::Minutes(1) * tokens / per_minute();
  }
};

std::string Subject(int token) { return absl::StrCat("user-", token); }

enum class Phase { kSeeding, kIdle, kDrain, kDrained, kCheck, kChecked };

// What the processes tell each other.
struct Stage {
  std::atomic<int> provider_port = 0;
  LimitedTokenEndpoint::Counts provider;

  std::atomic<Phase> phase = Phase::kSeeding;
  std::array<char, 64> broker_address{};  // from kIdle on
  // When the drain shall start.
  std::atomic<int64_t> start_micros = 0;

  // What the broker's store and metrics say, from kChecked on.
  int64_t refreshed_once = 0;
  int64_t refreshed_late = 0;
  // Between a refresh and the end of the token it replaced, the shortest.
  double least_margin_seconds = 0;
  double drain_seconds = 0;
  // Not in use, but refreshed before the last one in use.
  int64_t jumped_the_queue = 0;
};

// The tokens' ends are spread over one minute.
absl::Time ExpireTime(const Options& options, const Stage& stage, int token) {
  return absl::FromUnixMicros(stage.start_micros) +
         std::max(options.drain() + kSlack, kFresh) +
         absl::Minutes(1) * token / options.tokens;
}

// Of the broker's process.
[[noreturn]] void Fail(absl::string_view message) {
  std::fprintf(stderr, "bench_herd: %s\n", std::string(message).c_str());
  std::_Exit(1);
}

void Check(const absl::Status& status) {
  if (!status.ok()) Fail(status.ToString());
}

// --- The broker's process ---

config::v1::Config Configuration(const Options& options, const Stage& stage) {
  config::v1::Config config;
  config.mutable_grpc()->set_address("127.0.0.1:0");
  config::v1::Provider& herd = *config.add_providers();
  herd.set_name(kProvider);
  herd.set_client_id("client");
  herd.set_token_endpoint_auth_method(config::v1::CLIENT_AUTH_METHOD_NONE);
  const std::string origin =
      absl::StrCat("http://127.0.0.1:", stage.provider_port.load());
  herd.set_allow_loopback(true);
  herd.set_issuer(origin);
  herd.set_authorization_endpoint(absl::StrCat(origin, "/authorize"));
  herd.set_token_endpoint(absl::StrCat(origin, "/token"));
  herd.add_redirect_uris("https://app.test/callback");
  herd.add_scopes("calendar");
  herd.set_rotation(config::v1::ROTATION_STRICT);
  herd.set_max_concurrent_requests(kConcurrentRequests);
  herd.set_max_requests_per_minute(options.per_minute());
  config::v1::AccessRule& rule = *config.add_access();
  rule.add_callers("anonymous");
  rule.add_providers(kProvider);
  rule.add_permissions(config::v1::PERMISSION_GET_TOKEN);
  return config;
}

// Writes the first generation of `token`, as the end of a consent does.
void Seed(const Options& options, const Stage& stage, int token,
          const Keyring& keyring, Random& random, TokenStore& store) {
  const absl::Time expire_time = ExpireTime(options, stage, token);
  const TokenLife life{.obtain_time = expire_time - kLife,
                       .expire_time = expire_time};
  const absl::Time due =
      std::min(DueTime(life, UnitRandom(random)),
               absl::FromUnixMicros(stage.start_micros) - absl::Seconds(1));
  storage::v1::AttemptRecord attempt;
  attempt.set_id(random.Bytes(32));
  attempt.set_kind(storage::v1::AttemptRecord::KIND_CODE);
  attempt.set_provider(kProvider);
  attempt.set_subject(Subject(token));
  storage::v1::ConnectionRecord record;
  v1::Connection& connection = *record.mutable_connection();
  connection.set_provider(kProvider);
  connection.set_subject(Subject(token));
  connection.set_state(v1::Connection::STATE_ACTIVE);
  connection.add_scopes("calendar");
  connection.set_generation(1);
  *connection.mutable_create_time() = ToProto(life.obtain_time);
  *connection.mutable_expire_time() = ToProto(expire_time);
  *connection.mutable_refresh_time() = ToProto(due);
  record.set_token_type("Bearer");
  *record.mutable_obtain_time() = ToProto(life.obtain_time);
  SealTokens(keyring, Secret(HerdAccessToken(token, 1)),
             Secret(HerdRefreshToken(token, 1)), &record);
  Check(store.Begin(attempt));
  Check(store.Commit(attempt, record));
}

void SeedAll(const Options& options, const Stage& stage, const Keyring& keyring,
             Random& random, TokenStore& store) {
  std::atomic<int> next = 0;
  std::vector<std::thread> threads;
  threads.reserve(kSeedingThreads);
  for (int i = 0; i < kSeedingThreads; ++i) {
    threads.emplace_back([&] {
      for (int token = 0; (token = next++) < options.tokens;) {
        Seed(options, stage, token, keyring, random, store);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

int64_t LateRefreshes(const Metrics& metrics) {
  int64_t late = 0;
  for (const absl::string_view line : absl::StrSplit(metrics.Text(), '\n')) {
    if (!absl::StartsWith(line, "tokenbroker_refreshes_late_total{")) continue;
    if (!absl::SimpleAtoi(line.substr(line.rfind(' ') + 1), &late)) return -1;
  }
  return late;
}

// Looks at every connection in the store.
void CheckAll(const Options& options, const Metrics& metrics, TokenStore& store,
              Stage* stage) {
  std::vector<absl::Time> used;
  std::vector<absl::Time> rest;
  absl::Duration least_margin = absl::InfiniteDuration();
  ListRequest page{.providers = {kProvider}, .limit = 1000};
  while (true) {
    const auto records = store.List(page);
    Check(records.status());
    if (records->empty()) break;
    for (const storage::v1::ConnectionRecord& record : *records) {
      const std::string& subject = record.connection().subject();
      int token = 0;
      if (!absl::SimpleAtoi(subject.substr(subject.find('-') + 1), &token)) {
        Fail("a subject that is none of ours");
      }
      page.after = ConnectionKey{kProvider, subject};
      if (record.connection().generation() != 2) continue;
      // When the request was sent.
      const absl::Time refreshed = FromProto(record.obtain_time());
      (options.IsUsed(token) ? used : rest).push_back(refreshed);
      least_margin = std::min(least_margin,
                              ExpireTime(options, *stage, token) - refreshed);
    }
  }
  stage->refreshed_once = static_cast<int64_t>(used.size() + rest.size());
  stage->refreshed_late = LateRefreshes(metrics);
  stage->least_margin_seconds = absl::ToDoubleSeconds(least_margin);
  if (used.empty() || rest.empty()) return;
  const absl::Time last_used = *std::max_element(used.begin(), used.end());
  const absl::Time last =
      std::max(last_used, *std::max_element(rest.begin(), rest.end()));
  stage->drain_seconds =
      absl::ToDoubleSeconds(last - absl::FromUnixMicros(stage->start_micros));
  stage->jumped_the_queue = std::count_if(
      rest.begin(), rest.end(),
      [last_used](absl::Time refreshed) { return refreshed < last_used; });
}

// Logs as the command does, but to nowhere; what is no ordinary event is shown.
void WriteLog(absl::string_view line) {
  static std::FILE* const nowhere = std::fopen("/dev/null", "w");
  std::fwrite(line.data(), 1, line.size(), nowhere);
  std::fflush(nowhere);
  static std::atomic<int> shown = 0;
  if (!absl::StrContains(line, R"("level":"info")") && shown++ < 10) {
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
}

void AwaitPhase(const Stage& stage, Phase phase) {
  while (stage.phase != phase) absl::SleepFor(absl::Milliseconds(10));
}

void RunBroker(const Options& options, const std::string& directory,
               Stage* stage) {
  const SystemClock clock;
  SystemRandom random;
  const EventLog log(clock, WriteLog);
  const config::v1::Config config = Configuration(options, *stage);
  CurlHttpClient http;
  const auto keyring = TestKeyring(random);
  const auto providers = ConfiguredProviders::Create(config, http, clock);
  Check(providers.status());
  const auto store = RocksTokenStore::Open(directory, *keyring, random,
                                           LeastFreeBytes(config));
  Check(store.status());
  SeedAll(options, *stage, *keyring, random, **store);

  Broker broker({.store = **store,
                 .keyring = *keyring,
                 .providers = **providers,
                 .http = http,
                 .random = random,
                 .clock = clock,
                 .log = log},
                config);
  Service service(broker, **providers);
  const auto server = Server::Listen(config.grpc(), service);
  Check(server.status());
  absl::SNPrintF(stage->broker_address.data(), stage->broker_address.size(),
                 "%s", (*server)->address());
  stage->phase = Phase::kIdle;

  AwaitPhase(*stage, Phase::kDrain);
  Check(broker.Start());
  const auto is_drained = [&] {
    return stage->provider.refreshed == options.tokens &&
           broker.workers.IsIdle();
  };
  // Until then, or until the other side gives up.
  while (stage->phase == Phase::kDrain) {
    Phase drain = Phase::kDrain;
    if (is_drained()) {
      stage->phase.compare_exchange_strong(drain, Phase::kDrained);
    }
    absl::SleepFor(absl::Milliseconds(50));
  }

  AwaitPhase(*stage, Phase::kCheck);
  CheckAll(options, broker.metrics, **store, stage);
  broker.Stop();
  (*server)->Shutdown(absl::ZeroDuration());
  stage->phase = Phase::kChecked;
}

// --- This process ---

// A directory for the store that goes with this object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    path_ = std::filesystem::temp_directory_path() / "bench_herd.XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Prints a figure, and whether the promise in it is kept.
class Report {
 public:
  void Judge(bool kept, absl::string_view name, absl::string_view figure) {
    Print(kept ? "kept  " : "BROKEN", name, figure);
    all_kept_ = all_kept_ && kept;
  }
  void Note(absl::string_view name, absl::string_view figure) {
    Print("      ", name, figure);
  }
  bool all_kept() const { return all_kept_; }

 private:
  static void Print(absl::string_view verdict, absl::string_view name,
                    absl::string_view figure) {
    absl::PrintF("%s  %-28s %s\n", verdict, name, figure);
    std::fflush(stdout);
  }
  bool all_kept_ = true;
};

std::string Milliseconds(absl::Duration duration) {
  return absl::StrFormat("%.2f ms", absl::ToDoubleMilliseconds(duration));
}

std::string Latencies(const Reads& reads) {
  return absl::StrFormat(
      "p50 %s, p99 %s, p99.9 %s, longest %s (%d reads)",
      Milliseconds(reads.Percentile(0.5)), Milliseconds(reads.Percentile(0.99)),
      Milliseconds(reads.Percentile(0.999)), Milliseconds(reads.Percentile(1)),
      reads.latencies.size());
}

int Run(const Options& options) {
  const TemporaryDirectory directory;
  const SharedMemory<Stage> stage;
  stage->start_micros = absl::ToUnixMicros(
      absl::Now() + kWarmUp + absl::Seconds(options.idle_seconds) +
      absl::Seconds(3 + options.tokens / kSeededPerSecond));

  ChildProcess provider([&] {
    // Elsewhere in the world, so it may not take the processor from the broker.
    setpriority(PRIO_PROCESS, 0, 19);
    LimitedTokenEndpoint endpoint(options.tokens, options.rate,
                                  stage->provider);
    stage->provider_port = endpoint.port();
    endpoint.Serve();
  });
  const auto await = [](ChildProcess& child,
                        const std::function<bool()>& is_so) {
    while (!is_so() && child.IsRunning()) absl::SleepFor(absl::Milliseconds(9));
    return is_so();
  };
  if (!await(provider, [&] { return stage->provider_port > 0; })) return 1;
  ChildProcess broker([&] { RunBroker(options, directory.path(), &*stage); });
  if (!await(broker, [&] { return stage->phase == Phase::kIdle; })) return 1;

  // From here on this process has threads.
  std::vector<std::string> used;
  for (int token = 0; token < options.tokens; ++token) {
    if (options.IsUsed(token)) used.push_back(Subject(token));
  }
  OpenLoopReader reader(stage->broker_address.data(), kProvider, used,
                        kReadsPerSecond);
  const auto read_until = [&reader](absl::Time end) {
    return reader.Run([end] { return absl::Now() >= end; });
  };
  const absl::Time start = absl::FromUnixMicros(stage->start_micros);
  const absl::Duration half_idle = absl::Seconds(options.idle_seconds) / 2;
  if (absl::Now() > start - half_idle - kWarmUp) {
    std::fprintf(stderr, "bench_herd: seeding took longer than planned\n");
    return 1;
  }
  read_until(start - half_idle);
  Reads idle = read_until(start);

  const auto cpu_of_all = [&] {
    return broker.CpuSeconds() + provider.CpuSeconds() + OwnCpuSeconds();
  };
  const double cpu_before = broker.CpuSeconds();
  const double others_before = MachineCpuSeconds() - cpu_of_all();
  stage->phase = Phase::kDrain;
  const absl::Time too_late = ExpireTime(options, *stage, options.tokens);
  const Reads drain = reader.Run([&] {
    return stage->phase == Phase::kDrained || absl::Now() > too_late ||
           !broker.IsRunning();
  });
  const double cpu = broker.CpuSeconds() - cpu_before;
  const double others = MachineCpuSeconds() - cpu_of_all() - others_before;
  const double took = absl::ToDoubleSeconds(absl::Now() - start);
  // The other half of the idle time: what else the machine does changes.
  idle.Append(read_until(absl::Now() + half_idle));
  stage->phase = Phase::kCheck;
  if (!await(broker, [&] { return stage->phase == Phase::kChecked; })) return 1;

  Report report;
  report.Note(
      "herd",
      absl::StrFormat(
          "%d tokens that expire within a minute, %d of them in use; "
          "the provider takes %d/s, the broker is set to %d a minute",
          options.tokens, used.size(), options.rate, options.per_minute()));
  report.Judge(
      stage->refreshed_once == options.tokens, "refreshed",
      absl::StrFormat(
          "%d, in %.1f s: %.0f/s", stage->refreshed_once, stage->drain_seconds,
          static_cast<double>(stage->refreshed_once) / stage->drain_seconds));
  report.Judge(
      stage->refreshed_late == 0 && stage->least_margin_seconds > 0,
      "refreshed after expiry",
      absl::StrFormat("%d; the closest was %.1f s before",
                      stage->refreshed_late, stage->least_margin_seconds));
  const LimitedTokenEndpoint::Counts& seen = stage->provider;
  report.Judge(seen.refreshed == options.tokens && seen.not_understood == 0,
               "exchanges", absl::StrCat(seen.refreshed.load()));
  report.Judge(seen.spent_twice == 0, "presented twice",
               absl::StrCat(seen.spent_twice.load()));
  report.Judge(
      seen.over_the_limit == 0, "refused with 429",
      absl::StrFormat("%d; the busiest second had %d",
                      seen.over_the_limit.load(), seen.busiest_second.load()));
  const int64_t rest = options.tokens - static_cast<int64_t>(used.size());
  report.Judge(
      stage->jumped_the_queue * 10 < rest, "before the last in use",
      absl::StrFormat("%d of %d that are not", stage->jumped_the_queue, rest));
  report.Judge(idle.failed + drain.failed + idle.expired + drain.expired == 0,
               "reads that failed",
               absl::StrFormat("%d, with an expired token %d",
                               idle.failed + drain.failed,
                               idle.expired + drain.expired));
  report.Note("reads, idle", Latencies(idle));
  report.Note("reads, drain", Latencies(drain));
  const double ratio =
      absl::FDivDuration(drain.Percentile(0.99), idle.Percentile(0.99));
  report.Judge(options.no_latency || ratio <= 1.5, "p99, drain to idle",
               absl::StrFormat("%.2f", ratio));
  report.Note(
      "processor, the broker",
      absl::StrFormat("%.2f of a core: %.2f ms a refresh, reads and all",
                      cpu / took, cpu * 1000 / options.tokens));
  report.Note(
      "processor, others",
      absl::StrFormat("%.2f of %d cores: none of it ours", others / took,
                      std::thread::hardware_concurrency()));
  return report.all_kept() ? 0 : 1;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Very many tokens that expire in the same minute.",
               "bench_herd");
  app.add_option("--tokens", options.tokens, "How many")
      ->check(CLI::Range(100, 10'000'000))
      ->capture_default_str();
  app.add_option("--rate", options.rate, "What the provider takes in a second")
      ->check(CLI::Range(100, 5000))
      ->capture_default_str();
  app.add_option("--idle", options.idle_seconds,
                 "How long to read while nothing is due, in seconds")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  app.add_flag("--no-latency", options.no_latency,
               "Print how reads fare, but do not judge it");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 64;
  }
  return Run(options);
}

}  // namespace
}  // namespace tokenbroker

int main(int argc, char** argv) {
  try {
    return tokenbroker::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_herd: %s\n", error.what());
    return 1;
  }
}
