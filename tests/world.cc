// SPDX-License-Identifier: Apache-2.0
#include "tests/world.h"

#include <future>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/errors.h"
#include "broker/event_log.h"
#include "broker/keyring.h"
#include "broker/mutex.h"
#include "broker/provider_directory.h"
#include "broker/yaml_proto.h"
#include "gtest/gtest.h"
#include "providers/configured_providers.h"
#include "storage/file_keyring.h"
#include "tests/test_keyring.h"

namespace tokenbroker {

struct World::Log {
  Mutex mutex;
  std::string text ABSL_GUARDED_BY(mutex);
};

World::World(config::v1::Rotation rotation, const config::v1::Provider& changes)
    : clock(absl::FromUnixSeconds(1'800'000'000)), log_(new Log) {
  config::v1::Provider& acme = *config_.add_providers();
  acme.set_name("acme");
  acme.set_client_id("client");
  acme.set_token_endpoint_auth_method(config::v1::CLIENT_AUTH_METHOD_NONE);
  acme.set_issuer("https://acme.test");
  acme.set_authorization_endpoint("https://acme.test/authorize");
  acme.set_token_endpoint("https://acme.test/token");
  acme.set_revocation_endpoint("https://acme.test/revoke");
  acme.add_redirect_uris("https://app.test/callback");
  acme.add_scopes("calendar");
  acme.add_allowed_extra_params("prompt");
  acme.set_rotation(rotation);
  if (rotation == config::v1::ROTATION_GRACE) {
    acme.mutable_rotation_grace()->set_seconds(100);
  }
  acme.MergeFrom(changes);
  config::v1::AccessRule& rule = *config_.add_access();
  rule.add_callers("anonymous");
  rule.add_providers("*");
  for (const auto permission :
       {config::v1::PERMISSION_AUTHORIZE, config::v1::PERMISSION_GET_TOKEN,
        config::v1::PERMISSION_READ, config::v1::PERMISSION_DELETE}) {
    rule.add_permissions(permission);
  }
  keyring = TestKeyring(random);
  events_ = std::make_unique<EventLog>(clock, [this](absl::string_view line) {
    MutexLock lock(&log_->mutex);
    absl::StrAppend(&log_->text, line);
  });
  Restart();
}

World::~World() { broker->Stop(); }

void World::Restart() {
  if (broker != nullptr) broker->Stop();
  broker.reset();
  store.FailWritesFrom(-1);
  auto configured = ConfiguredProviders::Create(config_, http, clock);
  ASSERT_TRUE(configured.ok()) << configured.status();
  providers = *std::move(configured);
  broker = std::make_unique<Broker>(Seams{.store = store,
                                          .keyring = *keyring,
                                          .providers = *providers,
                                          .http = http,
                                          .random = random,
                                          .clock = clock,
                                          .log = *events_},
                                    config_,
                                    Limits{.threads = 4,
                                           .waiting_callers = 1000,
                                           .waiters = 2000,
                                           .cached_tokens = 1000});
  const absl::Status recovered = broker->recovery.RunAtStart();
  ASSERT_TRUE(recovered.ok()) << recovered;
}

void World::Connect(absl::string_view subject, absl::string_view refresh_token,
                    absl::string_view access_token) {
  const auto callback = Callback(StartRequest(subject));
  http.Answer(200, Tokens(access_token, refresh_token));
  const auto connection = Complete(callback);
  ASSERT_TRUE(connection.ok()) << connection.status();
}

GetAccessToken::Answer World::Get(absl::string_view subject, Demand demand) {
  std::promise<GetAccessToken::Answer> answer;
  broker->get_access_token.Get(
      Key(subject), std::move(demand),
      [&answer](const GetAccessToken::Answer& a) { answer.set_value(a); });
  return answer.get_future().get();
}

absl::StatusOr<v1::StartAuthorizationResponse> World::Start(
    const v1::StartAuthorizationRequest& request) {
  return broker->start_authorization.Start("anonymous", request);
}

absl::StatusOr<v1::Connection> World::Complete(
    const v1::CompleteAuthorizationRequest& request, absl::string_view caller) {
  std::promise<absl::StatusOr<v1::Connection>> answer;
  broker->complete_authorization.Complete(
      caller, request,
      [&answer](const absl::StatusOr<v1::Connection>& connection) {
        answer.set_value(connection);
      });
  return answer.get_future().get();
}

absl::StatusOr<v1::Connection> World::Delete(absl::string_view subject) {
  std::promise<absl::StatusOr<v1::Connection>> answer;
  broker->delete_connection.Delete(
      "anonymous", Key(subject),
      [&answer](const absl::StatusOr<v1::Connection>& connection) {
        answer.set_value(connection);
      });
  return answer.get_future().get();
}

absl::StatusOr<v1::Connection> World::Read(absl::string_view subject) {
  return broker->read_connections.Get(Key(subject));
}

std::string World::GetText(absl::string_view subject, Demand demand) {
  const GetAccessToken::Answer answer = Get(subject, std::move(demand));
  return answer.ok() ? std::string((*answer)->value.Reveal())
                     : ReasonName(ReasonOf(answer.status()));
}

std::string World::Tokens(absl::string_view access_token,
                          absl::string_view refresh_token, int expires_in) {
  return absl::StrCat(
      R"({"token_type":"Bearer","access_token":")", access_token,
      R"(","expires_in":)", expires_in,
      refresh_token.empty()
          ? std::string()
          : absl::StrCat(R"(,"refresh_token":")", refresh_token, "\""),
      "}");
}

config::v1::Provider World::Settings(absl::string_view yaml) {
  config::v1::Provider settings;
  const absl::Status read = YamlToProto(yaml, "settings", &settings);
  EXPECT_TRUE(read.ok()) << read;
  return settings;
}

v1::CompleteAuthorizationRequest World::Callback(
    const v1::StartAuthorizationRequest& request) {
  const auto started = Start(request);
  EXPECT_TRUE(started.ok()) << started.status();
  v1::CompleteAuthorizationRequest callback;
  if (started.ok()) callback.set_state(started->state());
  callback.set_code("code-1");
  return callback;
}

v1::StartAuthorizationRequest World::StartRequest(absl::string_view subject) {
  v1::StartAuthorizationRequest request;
  request.set_provider("acme");
  request.set_subject(std::string(subject));
  request.set_redirect_uri("https://app.test/callback");
  return request;
}

storage::v1::ConnectionRecord World::Record(absl::string_view subject) {
  auto record = memory.Get(Key(subject));
  EXPECT_TRUE(record.ok()) << record.status();
  return record.ok() ? *std::move(record) : storage::v1::ConnectionRecord();
}

std::string World::log_text() const {
  MutexLock lock(&log_->mutex);
  return log_->text;
}

}  // namespace tokenbroker
