// SPDX-License-Identifier: Apache-2.0
//
// The command. The only place that knows every room: it reads the
// configuration, introduces the supplying rooms to broker/, serves, and drains.
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/broker.h"
#include "broker/call_command.h"
#include "broker/clock.h"
#include "broker/config.h"
#include "broker/event_log.h"
#include "broker/exit_code.h"
#include "broker/failpoints.h"
#include "broker/http_endpoints.h"
#include "broker/random.h"
#include "broker/readiness.h"
#include "broker/server.h"
#include "broker/service.h"
#include "broker/status_macros.h"
#include "providers/catalogue.h"
#include "providers/configured_providers.h"
#include "providers/curl_http_client.h"
#include "providers/preset_text.h"
#include "providers/provider_check.h"
#include "storage/file_keyring.h"
#include "storage/keyring_file.h"
#include "storage/rocks_token_store.h"

namespace tokenbroker {
namespace {

void WriteToStandardOutput(absl::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

// Secrets are in this process's memory: no core file may hold it, and no other
// process of this user may read it.
void ForbidCoreDumps() {
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const rlimit none = {.rlim_cur = 0, .rlim_max = 0};
  setrlimit(RLIMIT_CORE, &none);
}

// Signals that stop the broker. Blocked in every thread, so that they can be
// waited for.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// Says once when the wall clock was set away from ours. It may be said again
// when they have met.
class ClockWatch {
 public:
  ClockWatch(const SystemClock& clock, const EventLog& log)
      : clock_(clock), log_(log) {}

  void Look() {
    constexpr absl::Duration kStep = absl::Seconds(5);
    const absl::Duration offset = clock_.WallOffset();
    const bool apart = absl::AbsDuration(offset) > kStep;
    if (apart && !was_apart_) {
      log_.Write(EventLog::Level::kWarning, "clock_stepped",
                 {{"wall_clock_ahead", absl::FormatDuration(offset)}});
    }
    was_apart_ = apart;
  }

 private:
  const SystemClock& clock_;
  const EventLog& log_;
  bool was_apart_ = false;
};

// Returns OK when a stop signal came, or why the store failed for good. Until
// then health, which says `serving` now, follows readiness.
absl::Status AwaitStop(const sigset_t& signals, bool serving, Broker& broker,
                       ClockWatch clock_watch, Server& server) {
  const timespec second = {.tv_sec = 1, .tv_nsec = 0};
  while (sigtimedwait(&signals, nullptr, &second) < 0) {
    clock_watch.Look();
    ABSL_RETURN_IF_ERROR(broker.store_watch.Look());
    if (broker.readiness.IsReady() == serving) continue;
    serving = !serving;
    server.SetServing(serving);
  }
  return absl::OkStatus();
}

// Serves a while longer, so that load balancers notice that readiness turned
// false. A second signal ends the wait.
void AwaitDelay(const sigset_t& signals, absl::Duration delay) {
  const timespec timeout = absl::ToTimespec(delay);
  sigtimedwait(&signals, nullptr, &timeout);
}

absl::Status Serve(const std::string& config_path) {
  ForbidCoreDumps();
  const sigset_t signals = BlockStopSignals();
  const SystemClock clock;
  const EventLog log(clock, WriteToStandardOutput);
  SystemRandom random;

  // The supplying rooms.
  ABSL_ASSIGN_OR_RETURN(const config::v1::Config config,
                        ReadConfig(config_path));
  CurlHttpClient http;
  ABSL_ASSIGN_OR_RETURN(const auto providers,
                        ConfiguredProviders::Create(config, http, clock));
  ABSL_ASSIGN_OR_RETURN(
      const auto keyring,
      FileKeyring::Load(config.encryption().keyring_file(), random));
  ABSL_ASSIGN_OR_RETURN(
      const auto store,
      RocksTokenStore::Open(config.storage().rocksdb().path(), *keyring, random,
                            LeastFreeBytes(config)));

  // The broker over them, and its two listeners.
  Broker broker({.store = *store,
                 .keyring = *keyring,
                 .providers = *providers,
                 .http = http,
                 .random = random,
                 .clock = clock,
                 .log = log},
                config);
  ABSL_ASSIGN_OR_RETURN(
      const auto endpoints,
      HttpEndpoints::Listen(config.http().address(), broker.readiness,
                            broker.metrics));
  Service service(broker, *providers);
  ABSL_RETURN_IF_ERROR(broker.Start());
  ABSL_ASSIGN_OR_RETURN(const auto server,
                        Server::Listen(config.grpc(), service));
  const bool ready = broker.readiness.IsReady();
  server->SetServing(ready);
  log.Write(EventLog::Level::kInfo, "serving",
            {{"grpc_address", server->address()},
             {"http_address", endpoints->address()}});

  absl::Status end =
      AwaitStop(signals, ready, broker, ClockWatch(clock, log), *server);
  if (!end.ok()) {
    log.Write(EventLog::Level::kError, "storage_failed",
              {{"detail", end.message()}});
  }
  log.Write(EventLog::Level::kInfo, "draining");
  broker.readiness.Drain();
  server->SetServing(false);
  AwaitDelay(signals, DrainDelay(config));
  broker.Stop();
  server->Shutdown(DrainGrace(config));
  log.Write(EventLog::Level::kInfo, "stopped");
  return end;
}

// What `serve` would refuse, without touching data or network.
absl::Status CheckConfigFile(const std::string& path) {
  const SystemClock clock;
  SystemRandom random;
  ABSL_ASSIGN_OR_RETURN(const config::v1::Config config, ReadConfig(path));
  CurlHttpClient http;
  ABSL_ASSIGN_OR_RETURN(const auto providers,
                        ConfiguredProviders::Create(config, http, clock));
  ABSL_RETURN_IF_ERROR(
      FileKeyring::Load(config.encryption().keyring_file(), random).status());
  for (const config::v1::Provider& provider : providers->List()) {
    for (const std::string& warning : Warnings(provider)) {
      std::cerr << "token-broker: warning: " << warning << "\n";
    }
  }
  std::cout << path << " is fine: " << config.providers_size()
            << " provider(s), " << config.access_size() << " access rule(s)\n";
  return absl::OkStatus();
}

// The presets, with those of the configuration's own folder if one is named;
// or one of them in full.
absl::Status PrintProviders(const std::string& config_path,
                            const std::string& name) {
  config::v1::Config config;
  if (!config_path.empty()) {
    ABSL_ASSIGN_OR_RETURN(config, ReadConfig(config_path));
  }
  ABSL_ASSIGN_OR_RETURN(const Catalogue catalogue,
                        Catalogue::Load(config.preset_directory()));
  if (name.empty()) {
    std::cout << ListText(catalogue);
    return absl::OkStatus();
  }
  ABSL_ASSIGN_OR_RETURN(const config::v1::Provider* preset,
                        catalogue.Find(name));
  std::cout << PresetText(*preset);
  return absl::OkStatus();
}

absl::Status Keygen(const std::string& path) {
  SystemRandom random;
  ABSL_RETURN_IF_ERROR(WriteNewKeyring(path, random, SystemClock().TimeNow()));
  std::cout << "wrote " << path
            << "; back it up apart from the data: neither is of use without "
               "the other\n";
  return absl::OkStatus();
}

int Exit(const absl::Status& status) {
  if (!status.ok()) {
    std::cerr << "token-broker: " << status.message() << "\n";
  }
  return ExitCodeOf(status);
}

#ifdef TOKENBROKER_FAILPOINTS
// The test binary's own: `failpoints` lists them, a wrong environment is told.
std::optional<int> RunFailpoints(int argc, char** argv) {
  if (argc == 2 && absl::string_view(argv[1]) == "failpoints") {
    for (const char* point : failpoints::kPoints) std::cout << point << "\n";
    return kExitClean;
  }
  const absl::Status read = failpoints::CheckEnvironment();
  if (read.ok()) return std::nullopt;
  return Exit(read);
}
#endif

int Run(int argc, char** argv) {
  CLI::App app(
      "Owns a company's OAuth 2.0 tokens and hands out fresh access tokens.",
      "token-broker");
  app.set_version_flag("--version", TOKENBROKER_VERSION);
  app.require_subcommand(1);

  std::string config_path;
  CLI::App* serve = app.add_subcommand("serve", "Serve until SIGTERM");
  serve->add_option("--config", config_path, "The configuration, a YAML file")
      ->required();
  CLI::App* check = app.add_subcommand(
      "check-config", "Say what serve would refuse, without starting it");
  check->add_option("--config", config_path, "The configuration, a YAML file")
      ->required();

  std::string preset_name;
  CLI::App* providers = app.add_subcommand(
      "providers", "List the presets, or say all there is of one");
  providers->add_option("name", preset_name, "A preset");
  providers->add_option("--config", config_path,
                        "A configuration, for its preset_directory");

  std::string out_path;
  CLI::App* keygen =
      app.add_subcommand("keygen", "Make a new keyring with one key");
  keygen->add_option("--out", out_path, "The file to create, mode 0400")
      ->required();

  CallOptions call_options;
  double timeout_seconds = 30;
  CLI::App* call =
      app.add_subcommand("call", "Make one call and print the response");
  call->add_option("method", call_options.method, "For example GetAccessToken")
      ->required();
  call->add_option("request", call_options.request, "The request as JSON");
  call->add_option("--address", call_options.address, "The broker's address")
      ->capture_default_str();
  CLI::Option* ca = call->add_option("--ca", call_options.ca_file,
                                     "PEM file: who signed the broker's");
  CLI::Option* certificate =
      call->add_option("--certificate", call_options.certificate_file,
                       "PEM file: the caller's certificate");
  CLI::Option* key = call->add_option("--key", call_options.private_key_file,
                                      "PEM file: its private key");
  ca->needs(certificate)->needs(key);
  certificate->needs(ca);
  key->needs(ca);
  call->add_option("--timeout", timeout_seconds, "Seconds")
      ->capture_default_str();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version are clean ends; everything else is a usage error.
    return app.exit(error) == 0 ? kExitClean : kExitUsage;
  }
  if (serve->parsed()) return Exit(Serve(config_path));
  if (check->parsed()) return Exit(CheckConfigFile(config_path));
  if (providers->parsed()) {
    return Exit(PrintProviders(config_path, preset_name));
  }
  if (keygen->parsed()) return Exit(Keygen(out_path));
  call_options.timeout = absl::Seconds(timeout_seconds);
  return RunCall(call_options);
}

}  // namespace
}  // namespace tokenbroker

int main(int argc, char** argv) {
  // Ours throws nothing; a library may, when memory is short.
  try {
#ifdef TOKENBROKER_FAILPOINTS
    if (const auto code = tokenbroker::RunFailpoints(argc, argv)) return *code;
#endif
    return tokenbroker::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "token-broker: %s\n", error.what());
    return tokenbroker::kExitStorage;
  }
}
