// SPDX-License-Identifier: Apache-2.0
#include "broker/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <initializer_list>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"

namespace tokenbroker {
namespace {

constexpr int kCodes = 17;
constexpr int kSources = 4;

// gRPC's spelling of its codes in metrics.
constexpr std::array<const char*, kCodes> kCodeNames = {
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
};
constexpr std::array<const char*, kSources> kSourceNames = {
    "cache", "store", "refreshed", "stale"};
constexpr std::array<const char*, kMethods> kMethodNames = {
    "StartAuthorization", "CompleteAuthorization", "GetAccessToken",
    "GetConnection",      "ListConnections",       "DeleteConnection",
    "ListProviders"};

constexpr std::array<const char*, 3> kSeenNames = {"new", "same", "none"};

const prometheus::Histogram::BucketBoundaries kSeconds = {
    0.0001, 0.001, 0.01, 0.1, 1, 10, 60};

}  // namespace

absl::string_view OutcomeName(OutcomeClass outcome) {
  switch (outcome) {
    case OutcomeClass::kSuccess:
      return "success";
    case OutcomeClass::kNotSent:
      return "not_sent";
    case OutcomeClass::kTransient:
      return "transient";
    case OutcomeClass::kUnknown:
      return "unknown";
    case OutcomeClass::kClientRejected:
      return "client_rejected";
    case OutcomeClass::kGrantDead:
      return "grant_dead";
  }
  return "unknown";
}

absl::string_view MethodName(Method method) {
  return kMethodNames[static_cast<int>(method)];
}

// Calls and sources have a series each from the start, so that a rate sees the
// first error, and so that counting is one atomic addition.
struct Metrics::Series {
  prometheus::Registry registry;
  std::array<std::array<prometheus::Counter*, kCodes>, kMethods> handled{};
  std::array<prometheus::Histogram*, kMethods> handling_seconds{};
  std::array<prometheus::Counter*, kSources> served{};
  prometheus::Family<prometheus::Counter>* refreshes = nullptr;
  prometheus::Histogram* unsafe_window = nullptr;
  prometheus::Family<prometheus::Counter>* refresh_tokens_seen = nullptr;
  prometheus::Family<prometheus::Counter>* refreshed_late = nullptr;
  prometheus::Family<prometheus::Counter>* unknown_survived = nullptr;
  prometheus::Family<prometheus::Counter>* ended = nullptr;
  prometheus::Family<prometheus::Counter>* damage = nullptr;
};

Metrics::Metrics() : series_(std::make_unique<Series>()) {
  prometheus::Registry& registry = series_->registry;
  auto& handled = prometheus::BuildCounter()
                      .Name("grpc_server_handled_total")
                      .Help("Calls answered, by method and code.")
                      .Register(registry);
  auto& seconds = prometheus::BuildHistogram()
                      .Name("grpc_server_handling_seconds")
                      .Help("Time from a call's arrival to its answer.")
                      .Register(registry);
  for (int method = 0; method < kMethods; ++method) {
    const prometheus::Labels labels = {
        {"grpc_type", "unary"},
        {"grpc_service", "tokenbroker.v1.TokenBrokerService"},
        {"grpc_method", kMethodNames[method]}};
    series_->handling_seconds[method] = &seconds.Add(labels, kSeconds);
    for (int code = 0; code < kCodes; ++code) {
      prometheus::Labels with_code = labels;
      with_code["grpc_code"] = kCodeNames[code];
      series_->handled[method][code] = &handled.Add(with_code);
    }
  }
  auto& served = prometheus::BuildCounter()
                     .Name("tokenbroker_access_tokens_served_total")
                     .Help("Access tokens handed out, by where from.")
                     .Register(registry);
  for (int source = 0; source < kSources; ++source) {
    series_->served[source] = &served.Add({{"source", kSourceNames[source]}});
  }
  series_->refreshes = &prometheus::BuildCounter()
                            .Name("tokenbroker_refreshes_total")
                            .Help("Refreshes ended, by provider and outcome.")
                            .Register(registry);
  series_->refresh_tokens_seen =
      &prometheus::BuildCounter()
           .Name("tokenbroker_refresh_tokens_seen_total")
           .Help("Refresh tokens in answers to refreshes: new, same or none.")
           .Register(registry);
  series_->refreshed_late =
      &prometheus::BuildCounter()
           .Name("tokenbroker_refreshes_late_total")
           .Help("Refreshes by the clock that came after the token's end.")
           .Register(registry);
  series_->unknown_survived =
      &prometheus::BuildCounter()
           .Name("tokenbroker_unknown_outcomes_survived_total")
           .Help("Refreshes that went well after one without an answer.")
           .Register(registry);
  series_->ended =
      &prometheus::BuildCounter()
           .Name("tokenbroker_connections_ended_total")
           .Help("Connections that need a new consent, by provider and reason.")
           .Register(registry);
  series_->unsafe_window =
      &prometheus::BuildHistogram()
           .Name("tokenbroker_refresh_unsafe_window_seconds")
           .Help("Time from a provider's answer to its commit.")
           .Register(registry)
           .Add({}, kSeconds);
  series_->damage =
      &prometheus::BuildCounter()
           .Name("tokenbroker_storage_damage_total")
           .Help("Places found damaged since the start, by table.")
           .Register(registry);
}

Metrics::~Metrics() = default;

void Metrics::RefreshTokenSeen(absl::string_view provider,
                               tokenbroker::RefreshTokenSeen seen) {
  series_->refresh_tokens_seen
      ->Add({{"provider", std::string(provider)},
             {"refresh_token", kSeenNames[static_cast<int>(seen)]}})
      .Increment();
}

void Metrics::RefreshedLate(absl::string_view provider) {
  series_->refreshed_late->Add({{"provider", std::string(provider)}})
      .Increment();
}

void Metrics::UnknownSurvived(absl::string_view provider) {
  series_->unknown_survived->Add({{"provider", std::string(provider)}})
      .Increment();
}

void Metrics::ConnectionEnded(absl::string_view provider,
                              v1::Connection::Reason reason) {
  // Without buf's prefix, in lower case like every label.
  absl::string_view name = v1::Connection::Reason_Name(reason);
  absl::ConsumePrefix(&name, "REASON_");
  series_->ended
      ->Add({{"provider", std::string(provider)},
             {"reason", absl::AsciiStrToLower(name)}})
      .Increment();
}

void Metrics::CallHandled(Method method, absl::StatusCode code,
                          absl::Duration duration) {
  const int index = static_cast<int>(method);
  series_->handled[index][static_cast<int>(code) % kCodes]->Increment();
  series_->handling_seconds[index]->Observe(absl::ToDoubleSeconds(duration));
}

void Metrics::TokenServed(TokenSource source) {
  series_->served[static_cast<int>(source)]->Increment();
}

void Metrics::RefreshEnded(absl::string_view provider, OutcomeClass outcome,
                           absl::Duration unsafe_window) {
  series_->refreshes
      ->Add({{"provider", std::string(provider)},
             {"outcome", std::string(OutcomeName(outcome))}})
      .Increment();
  if (outcome == OutcomeClass::kSuccess) {
    series_->unsafe_window->Observe(absl::ToDoubleSeconds(unsafe_window));
  }
}

void Metrics::DamageFound(absl::string_view table) {
  series_->damage->Add({{"table", std::string(table)}}).Increment();
}

std::string Metrics::Text() const {
  return prometheus::TextSerializer().Serialize(series_->registry.Collect());
}

}  // namespace tokenbroker
