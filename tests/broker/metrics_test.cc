// SPDX-License-Identifier: Apache-2.0
#include "broker/metrics.h"

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "tests/threads.h"
#include "tokenbroker/v1/token_broker.pb.h"

namespace tokenbroker {
namespace {

constexpr absl::string_view kHandled = "grpc_server_handled_total";
constexpr absl::string_view kSeconds = "grpc_server_handling_seconds";
constexpr absl::string_view kServed = "tokenbroker_access_tokens_served_total";
constexpr absl::string_view kRefreshes = "tokenbroker_refreshes_total";
constexpr absl::string_view kWindow =
    "tokenbroker_refresh_unsafe_window_seconds";

// The value of the one series `name` that has all these labels (`key="value"`);
// -1 if there is none or more than one.
double ValueOf(const Metrics& metrics, absl::string_view name,
               const std::vector<std::string>& labels = {}) {
  int found = 0;
  double value = -1;
  const std::string text = metrics.Text();
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::StartsWith(line, absl::StrCat(name, "{")) &&
        !absl::StartsWith(line, absl::StrCat(name, " "))) {
      continue;
    }
    bool all = true;
    for (const std::string& label : labels) {
      all = all && absl::StrContains(line, label);
    }
    if (!all) continue;
    ++found;
    EXPECT_TRUE(absl::SimpleAtod(line.substr(line.rfind(' ') + 1), &value));
  }
  return found == 1 ? value : -1;
}

std::string Label(absl::string_view key, absl::string_view value) {
  return absl::StrCat(key, "=\"", value, "\"");
}

TEST(MetricsTest, NamesTheMethodsAsTheApiDoes) {
  const auto* const service =
      v1::Connection::descriptor()->file()->FindServiceByName(
          "TokenBrokerService");
  ASSERT_NE(service, nullptr);
  ASSERT_EQ(service->method_count(), kMethods);
  for (int i = 0; i < kMethods; ++i) {
    EXPECT_EQ(MethodName(static_cast<Method>(i)), service->method(i)->name());
  }
}

TEST(MetricsTest, NamesEachOutcomeDifferently) {
  const struct {
    OutcomeClass outcome;
    const char* name;
  } cases[] = {
      {OutcomeClass::kSuccess, "success"},
      {OutcomeClass::kNotSent, "not_sent"},
      {OutcomeClass::kTransient, "transient"},
      {OutcomeClass::kUnknown, "unknown"},
      {OutcomeClass::kClientRejected, "client_rejected"},
      {OutcomeClass::kGrantDead, "grant_dead"},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(OutcomeName(test.outcome), test.name);
  }
}

TEST(MetricsTest, CountsCallsByMethodAndCode) {
  Metrics metrics;
  metrics.CallHandled(Method::kGetAccessToken, absl::StatusCode::kOk,
                      absl::Milliseconds(2));
  metrics.CallHandled(Method::kGetAccessToken, absl::StatusCode::kOk,
                      absl::Milliseconds(2));
  metrics.CallHandled(Method::kGetAccessToken, absl::StatusCode::kNotFound,
                      absl::Seconds(3));
  const std::string method = Label("grpc_method", "GetAccessToken");
  const std::string service =
      Label("grpc_service", "tokenbroker.v1.TokenBrokerService");
  EXPECT_EQ(
      ValueOf(metrics, kHandled, {method, service, Label("grpc_code", "OK")}),
      2);
  EXPECT_EQ(
      ValueOf(metrics, kHandled, {method, Label("grpc_code", "NotFound")}), 1);
  EXPECT_EQ(ValueOf(metrics, kHandled,
                    {Label("grpc_method", "ListProviders"),
                     Label("grpc_code", "OK")}),
            0);
  EXPECT_EQ(ValueOf(metrics, absl::StrCat(kSeconds, "_count"), {method}), 3);
  EXPECT_NEAR(ValueOf(metrics, absl::StrCat(kSeconds, "_sum"), {method}), 3.004,
              1e-6);
}

TEST(MetricsTest, SpellsEveryCodeAsGrpcsMetricsDo) {
  // In the order of google.rpc.Code, as grpc-ecosystem spells them.
  const char* const codes[] = {"OK",
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
                               "Unauthenticated"};
  int code = 0;
  for (const char* const name : codes) {
    Metrics metrics;
    metrics.CallHandled(Method::kListProviders,
                        static_cast<absl::StatusCode>(code++),
                        absl::ZeroDuration());
    EXPECT_EQ(ValueOf(metrics, kHandled,
                      {Label("grpc_method", "ListProviders"),
                       Label("grpc_code", name)}),
              1)
        << name;
  }
}

TEST(MetricsTest, HasEveryCallsSeriesFromTheStart) {
  // Else a rate would miss the first error.
  const Metrics metrics;
  for (int i = 0; i < kMethods; ++i) {
    const std::string method =
        Label("grpc_method", MethodName(static_cast<Method>(i)));
    for (const char* code : {"OK", "Unavailable", "Internal"}) {
      EXPECT_EQ(ValueOf(metrics, kHandled, {method, Label("grpc_code", code)}),
                0);
    }
  }
  for (const char* source : {"cache", "store", "refreshed", "stale"}) {
    EXPECT_EQ(ValueOf(metrics, kServed, {Label("source", source)}), 0);
  }
}

TEST(MetricsTest, CountsServedTokensByWhereTheyCameFrom) {
  const struct {
    TokenSource source;
    const char* name;
  } cases[] = {{TokenSource::kCache, "cache"},
               {TokenSource::kStore, "store"},
               {TokenSource::kRefreshed, "refreshed"},
               {TokenSource::kStale, "stale"}};
  for (const auto& served : cases) {
    Metrics metrics;
    metrics.TokenServed(served.source);
    for (const auto& test : cases) {
      EXPECT_EQ(ValueOf(metrics, kServed, {Label("source", test.name)}),
                test.source == served.source ? 1 : 0);
    }
  }
}

TEST(MetricsTest, CountsRefreshesByProviderAndOutcome) {
  Metrics metrics;
  metrics.RefreshEnded("google", OutcomeClass::kSuccess, absl::Milliseconds(5));
  metrics.RefreshEnded("google", OutcomeClass::kSuccess, absl::Milliseconds(5));
  metrics.RefreshEnded("kakao", OutcomeClass::kGrantDead,
                       absl::Milliseconds(5));
  EXPECT_EQ(ValueOf(metrics, kRefreshes,
                    {Label("provider", "google"), Label("outcome", "success")}),
            2);
  EXPECT_EQ(
      ValueOf(metrics, kRefreshes,
              {Label("provider", "kakao"), Label("outcome", "grant_dead")}),
      1);
}

TEST(MetricsTest, MeasuresTheUnsafeWindowOfNewTokens) {
  Metrics metrics;
  metrics.RefreshEnded("google", OutcomeClass::kSuccess,
                       absl::Milliseconds(20));
  EXPECT_EQ(ValueOf(metrics, absl::StrCat(kWindow, "_count")), 1);
  EXPECT_NEAR(ValueOf(metrics, absl::StrCat(kWindow, "_sum")), 0.02, 1e-9);
}

TEST(MetricsTest, DescribesEveryFamily) {
  // Text format 0.0.4: TYPE once, before the family's samples.
  Metrics metrics;
  metrics.RefreshEnded("google", OutcomeClass::kSuccess, absl::ZeroDuration());
  const std::string text = metrics.Text();
  std::set<std::string> described;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    if (absl::StartsWith(line, "# TYPE ")) {
      EXPECT_TRUE(described.insert(words[2]).second) << line;
    } else if (!line.empty() && line[0] != '#') {
      std::string name = words[0].substr(0, words[0].find('{'));
      for (const char* suffix : {"_bucket", "_sum", "_count"}) {
        if (absl::EndsWith(name, suffix)) {
          name.resize(name.size() - absl::string_view(suffix).size());
        }
      }
      EXPECT_TRUE(described.count(name)) << line;
    }
  }
  EXPECT_EQ(described.size(), 5u);
}

TEST(MetricsTest, LosesNoCountOfAnyThread) {
  Metrics metrics;
  RunInThreads(8, [&metrics](int) {
    for (int n = 0; n < 1000; ++n) {
      metrics.CallHandled(Method::kGetAccessToken, absl::StatusCode::kOk,
                          absl::Milliseconds(1));
      metrics.TokenServed(TokenSource::kCache);
      metrics.RefreshEnded("google", OutcomeClass::kSuccess,
                           absl::Milliseconds(1));
    }
  });
  EXPECT_EQ(ValueOf(metrics, kHandled,
                    {Label("grpc_method", "GetAccessToken"),
                     Label("grpc_code", "OK")}),
            8000);
  EXPECT_EQ(ValueOf(metrics, kServed, {Label("source", "cache")}), 8000);
  EXPECT_EQ(ValueOf(metrics, kRefreshes, {Label("provider", "google")}), 8000);
}

}  // namespace
}  // namespace tokenbroker
