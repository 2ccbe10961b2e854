// SPDX-License-Identifier: Apache-2.0
#include "broker/service.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "broker/broker.h"
#include "broker/caller.h"
#include "broker/connection_key.h"
#include "broker/errors.h"
#include "broker/grpc_status.h"
#include "broker/proto_time.h"
#include "broker/validation.h"

namespace tokenbroker {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

// The wrapper's second half: maps the error and counts. Copyable, so that an
// act may carry it along and call it when it is done.
class Finish {
 public:
  Finish(CallbackServerContext* context, Metrics& metrics, Method method)
      : context_(context),
        reactor_(context->DefaultReactor()),
        metrics_(&metrics),
        method_(method),
        start_(std::chrono::steady_clock::now()) {}

  void operator()(const absl::Status& status) const {
    if (!status.ok()) {
      context_->AddTrailingMetadata(kPushbackTrailer, PushbackOf(status));
    }
    metrics_->CallHandled(
        method_, status.code(),
        absl::FromChrono(std::chrono::steady_clock::now() - start_));
    reactor_->Finish(ToGrpcStatus(status));
  }

  ServerUnaryReactor* reactor() const { return reactor_; }

 private:
  CallbackServerContext* context_;
  ServerUnaryReactor* reactor_;
  Metrics* metrics_;
  Method method_;
  std::chrono::steady_clock::time_point start_;
};

// The wrapper. `authorize(caller)` gives a status; `act(caller, finish)` calls
// `finish` once, now or later.
template <typename Request, typename Authorize, typename Act>
ServerUnaryReactor* Handle(CallbackServerContext* context,
                           const Request& request, Metrics& metrics,
                           Method method, const Authorize& authorize,
                           const Act& act) {
  const Finish finish(context, metrics, method);
  const absl::StatusOr<std::string> caller = CallerOf(*context->auth_context());
  absl::Status status = caller.status();
  if (status.ok()) status = authorize(*caller);
  if (status.ok()) {
    const std::vector<FieldViolation> violations = Validate(request);
    if (!violations.empty()) status = InvalidFieldsError(violations);
  }
  if (status.ok()) {
    act(*caller, finish);
  } else {
    finish(status);
  }
  return finish.reactor();
}

void Fill(const AccessToken& token, v1::GetAccessTokenResponse* response) {
  const absl::string_view value = token.value.Reveal();
  response->set_access_token(value.data(), value.size());
  response->set_token_type(token.token_type);
  if (token.life.expire_time != absl::InfiniteFuture()) {
    *response->mutable_expire_time() = ToProto(token.life.expire_time);
  }
  for (const std::string& scope : token.scopes) response->add_scopes(scope);
  response->set_generation(token.generation);
  if (token.refresh_time != absl::InfiniteFuture()) {
    *response->mutable_refresh_time() = ToProto(token.refresh_time);
  }
}

// The end of an act that brings a connection.
template <typename Response>
auto AnswerWith(Response* response, const Finish& finish) {
  return [response, finish](const absl::StatusOr<v1::Connection>& connection) {
    if (connection.ok()) *response->mutable_connection() = *connection;
    finish(connection.status());
  };
}

}  // namespace

ServerUnaryReactor* Service::StartAuthorization(
    CallbackServerContext* context,
    const v1::StartAuthorizationRequest* request,
    v1::StartAuthorizationResponse* response) {
  return Handle(
      context, *request, broker_.metrics, Method::kStartAuthorization,
      [&](const std::string& caller) {
        return broker_.policy.Check(caller, request->provider(),
                                    config::v1::PERMISSION_AUTHORIZE);
      },
      [&](const std::string& caller, const Finish& finish) {
        const absl::Status accepted = broker_.workers.Run(
            request->provider(), Workers::Lane::kCaller,
            [this, caller, request, response, finish] {
              auto started =
                  broker_.start_authorization.Start(caller, *request);
              if (started.ok()) response->Swap(&*started);
              finish(started.status());
            });
        if (!accepted.ok()) finish(accepted);
      });
}

ServerUnaryReactor* Service::CompleteAuthorization(
    CallbackServerContext* context,
    const v1::CompleteAuthorizationRequest* request,
    v1::CompleteAuthorizationResponse* response) {
  return Handle(
      context, *request, broker_.metrics, Method::kCompleteAuthorization,
      // Which provider it is about stands in the authorization, and that only
      // the caller who started it, and was allowed to, may take.
      [&](const std::string& caller) {
        return broker_.policy.CheckAny(caller,
                                       config::v1::PERMISSION_AUTHORIZE);
      },
      [&](const std::string& caller, const Finish& finish) {
        broker_.complete_authorization.Complete(caller, *request,
                                                AnswerWith(response, finish));
      });
}

ServerUnaryReactor* Service::GetAccessToken(
    CallbackServerContext* context, const v1::GetAccessTokenRequest* request,
    v1::GetAccessTokenResponse* response) {
  return Handle(
      context, *request, broker_.metrics, Method::kGetAccessToken,
      [&](const std::string& caller) {
        return broker_.policy.Check(caller, request->provider(),
                                    config::v1::PERMISSION_GET_TOKEN);
      },
      [&](const std::string&, const Finish& finish) {
        Demand demand{.rejected = Secret(request->rejected_access_token())};
        if (request->has_min_ttl()) {
          demand.min_ttl = FromProto(request->min_ttl());
        }
        broker_.get_access_token.Get(
            NamedKey(request->provider(), request->subject(),
                     request->token_name()),
            std::move(demand),
            [response,
             finish](const tokenbroker::GetAccessToken::Answer& answer) {
              if (answer.ok()) Fill(**answer, response);
              finish(answer.status());
            });
      });
}

ServerUnaryReactor* Service::GetConnection(
    CallbackServerContext* context, const v1::GetConnectionRequest* request,
    v1::GetConnectionResponse* response) {
  return Handle(
      context, *request, broker_.metrics, Method::kGetConnection,
      [&](const std::string& caller) {
        return broker_.policy.Check(caller, request->provider(),
                                    config::v1::PERMISSION_READ);
      },
      [&](const std::string&, const Finish& finish) {
        AnswerWith(response, finish)(broker_.read_connections.Get(NamedKey(
            request->provider(), request->subject(), request->token_name())));
      });
}

ServerUnaryReactor* Service::ListConnections(
    CallbackServerContext* context, const v1::ListConnectionsRequest* request,
    v1::ListConnectionsResponse* response) {
  return Handle(
      context, *request, broker_.metrics, Method::kListConnections,
      [&](const std::string& caller) {
        return request->provider().empty()
                   ? broker_.policy.CheckAny(caller,
                                             config::v1::PERMISSION_READ)
                   : broker_.policy.Check(caller, request->provider(),
                                          config::v1::PERMISSION_READ);
      },
      [&](const std::string& caller, const Finish& finish) {
        auto listed = broker_.read_connections.List(
            *request,
            broker_.policy.ProvidersFor(caller, config::v1::PERMISSION_READ));
        if (listed.ok()) response->Swap(&*listed);
        finish(listed.status());
      });
}

ServerUnaryReactor* Service::DeleteConnection(
    CallbackServerContext* context, const v1::DeleteConnectionRequest* request,
    v1::DeleteConnectionResponse* response) {
  return Handle(
      context, *request, broker_.metrics, Method::kDeleteConnection,
      [&](const std::string& caller) {
        return broker_.policy.Check(caller, request->provider(),
                                    config::v1::PERMISSION_DELETE);
      },
      [&](const std::string& caller, const Finish& finish) {
        broker_.delete_connection.Delete(
            caller, {request->provider(), request->subject()},
            AnswerWith(response, finish));
      });
}

ServerUnaryReactor* Service::ListProviders(
    CallbackServerContext* context, const v1::ListProvidersRequest* request,
    v1::ListProvidersResponse* response) {
  return Handle(
      context, *request, broker_.metrics, Method::kListProviders,
      [](const std::string&) { return absl::OkStatus(); },
      [&](const std::string& caller, const Finish& finish) {
        for (const auto& settings : providers_.List()) {
          if (!broker_.policy
                   .Check(caller, settings.name(),
                          config::v1::PERMISSION_UNSPECIFIED)
                   .ok()) {
            continue;
          }
          v1::Provider* provider = response->add_providers();
          provider->set_name(settings.name());
          provider->set_display_name(settings.display_name().empty()
                                         ? settings.name()
                                         : settings.display_name());
          provider->set_preset(settings.preset());
          *provider->mutable_scopes() = settings.scopes();
        }
        finish(absl::OkStatus());
      });
}

}  // namespace tokenbroker
