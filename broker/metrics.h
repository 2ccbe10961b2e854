// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_METRICS_H_
#define TOKENBROKER_BROKER_METRICS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/provider.h"

namespace tokenbroker {

// The label and log value of an outcome: `success`, `not_sent`, ...
absl::string_view OutcomeName(OutcomeClass outcome);

// Where an access token came from.
enum class TokenSource {
  kCache,      // memory
  kStore,      // read from storage, still fresh
  kRefreshed,  // a refresh was awaited
  kStale,      // the refresh failed, the old token still lives
};

// Whether a provider rotates refresh tokens, as its answers show.
enum class RefreshTokenSeen { kNew, kSame, kNone };

// The methods of the API, in the order of the proto.
enum class Method {
  kStartAuthorization,
  kCompleteAuthorization,
  kGetAccessToken,
  kGetConnection,
  kListConnections,
  kDeleteConnection,
  kListProviders,
};
inline constexpr int kMethods = 7;

absl::string_view MethodName(Method method);

// What is counted, for Prometheus. Labels come from enums and the configuration
// only. Thread-safe; counting takes no lock that another caller may hold long.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  void CallHandled(Method method, absl::StatusCode code,
                   absl::Duration duration);
  void TokenServed(TokenSource source);
  // `unsafe_window` is the time from the answer's arrival to its commit.
  void RefreshEnded(absl::string_view provider, OutcomeClass outcome,
                    absl::Duration unsafe_window);

  // What a refresh's answer held beside the access token.
  void RefreshTokenSeen(absl::string_view provider,
                        tokenbroker::RefreshTokenSeen seen);
  // A refresh by the clock came after the old token's end.
  void RefreshedLate(absl::string_view provider);
  // A refresh went well after one without an answer.
  void UnknownSurvived(absl::string_view provider);
  void ConnectionEnded(absl::string_view provider,
                       v1::Connection::Reason reason);
  // A place in the store that cannot be read; `table` is the store's.
  void DamageFound(absl::string_view table);

  // Everything, in Prometheus' text format 0.0.4.
  std::string Text() const;

 private:
  struct Series;
  const std::unique_ptr<Series> series_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_METRICS_H_
