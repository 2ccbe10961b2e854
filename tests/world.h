// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_TESTS_WORLD_H_
#define TOKENBROKER_TESTS_WORLD_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/broker.h"
#include "broker/connection_key.h"
#include "broker/event_log.h"
#include "broker/keyring.h"
#include "broker/provider_directory.h"
#include "storage/memory_token_store.h"
#include "tests/fakes/counting_random.h"
#include "tests/fakes/faulty_token_store.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/scripted_http_client.h"

namespace tokenbroker {

// A whole broker on a memory store, a manual clock and a scripted provider. A
// test is three lines: connect, do, look. Time stands still unless it is moved;
// nothing sleeps and no socket is opened.
//
// The provider `acme` has written-out endpoints at https://acme.test and
// strict rotation; its access tokens live an hour.
class World {
 public:
  // `changes` go over acme's settings.
  explicit World(config::v1::Rotation rotation = config::v1::ROTATION_STRICT,
                 const config::v1::Provider& changes = {});
  ~World();

  // Everything in memory is lost, as in a crash; the store stays. Attempts that
  // were left open are ended as at a start.
  void Restart();

  // A consented connection for `subject` (without a refresh token if that is
  // empty).
  void Connect(absl::string_view subject = "alice",
               absl::string_view refresh_token = "rt-1",
               absl::string_view access_token = "at-1");

  // The calls, awaited.
  GetAccessToken::Answer Get(absl::string_view subject = "alice",
                             Demand demand = {});
  absl::StatusOr<v1::StartAuthorizationResponse> Start(
      const v1::StartAuthorizationRequest& request);
  absl::StatusOr<v1::Connection> Complete(
      const v1::CompleteAuthorizationRequest& request,
      absl::string_view caller = "anonymous");
  absl::StatusOr<v1::Connection> Delete(absl::string_view subject = "alice");
  absl::StatusOr<v1::Connection> Read(absl::string_view subject = "alice");

  // The access token's bytes, or the error's reason.
  std::string GetText(absl::string_view subject = "alice", Demand demand = {});

  // A successful token answer for the script. Empty refresh token: none.
  static std::string Tokens(absl::string_view access_token,
                            absl::string_view refresh_token,
                            int expires_in = 3600);

  // Changes of acme's settings, in the configuration's own words.
  static config::v1::Provider Settings(absl::string_view yaml);

  static ConnectionKey Key(absl::string_view subject = "alice") {
    return {"acme", std::string(subject)};
  }
  // What stands for `subject` in the calls above to name a further pair of its
  // tokens.
  static std::string Named(absl::string_view token_name,
                           absl::string_view subject = "alice") {
    return NamedKey("acme", subject, token_name).subject;
  }
  static v1::StartAuthorizationRequest StartRequest(
      absl::string_view subject = "alice");
  // The callback of an authorization just started.
  v1::CompleteAuthorizationRequest Callback(
      const v1::StartAuthorizationRequest& request = StartRequest());

  storage::v1::ConnectionRecord Record(absl::string_view subject = "alice");

  // Every log line so far.
  std::string log_text() const;

  ManualClock clock;
  ScriptedHttpClient http;
  CountingRandom random;
  MemoryTokenStore memory;
  FaultyTokenStore store{memory};
  std::unique_ptr<const Keyring> keyring;
  std::unique_ptr<ProviderDirectory> providers;
  std::unique_ptr<Broker> broker;

 private:
  struct Log;

  config::v1::Config config_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<EventLog> events_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_WORLD_H_
