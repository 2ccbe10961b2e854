// SPDX-License-Identifier: Apache-2.0
//
// Through gRPC, on a channel inside the process: no socket is opened.
#include "broker/service.h"

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <string>

#include "broker/grpc_status.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "tests/world.h"
#include "tokenbroker/v1/token_broker.grpc.pb.h"

namespace tokenbroker {
namespace {

// What a failed call told, as a client sees it.
struct Failure {
  grpc::StatusCode code;
  std::string reason;
  int error_infos = 0;
  std::optional<google::rpc::BadRequest> bad_request;
  bool has_retry_info = false;
  std::string pushback;
};

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() : service_(*world_.broker, *world_.providers) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = v1::TokenBrokerService::NewStub(
        server_->InProcessChannel(grpc::ChannelArguments()));
  }
  ~ServiceTest() override { server_->Shutdown(); }

  static Failure Read(const grpc::Status& status,
                      const grpc::ClientContext& context) {
    Failure failure{.code = status.error_code()};
    google::rpc::Status details;
    details.ParseFromString(status.error_details());
    for (const auto& detail : details.details()) {
      google::rpc::ErrorInfo info;
      google::rpc::BadRequest bad_request;
      if (detail.UnpackTo(&info)) {
        ++failure.error_infos;
        failure.reason = info.reason();
        EXPECT_EQ(info.domain(), "tokenbroker");
      } else if (detail.UnpackTo(&bad_request)) {
        failure.bad_request = bad_request;
      } else if (detail.Is<google::rpc::RetryInfo>()) {
        failure.has_retry_info = true;
      }
    }
    const auto& trailers = context.GetServerTrailingMetadata();
    const auto pushback = trailers.find(kPushbackTrailer);
    if (pushback != trailers.end()) {
      failure.pushback =
          std::string(pushback->second.data(), pushback->second.size());
    }
    return failure;
  }

  Failure GetFails(const std::string& provider, const std::string& subject) {
    grpc::ClientContext context;
    v1::GetAccessTokenRequest request;
    request.set_provider(provider);
    request.set_subject(subject);
    v1::GetAccessTokenResponse response;
    return Read(stub_->GetAccessToken(&context, request, &response), context);
  }

  World world_;
  Service service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::TokenBrokerService::Stub> stub_;
};

TEST_F(ServiceTest, DoesTheMainJob) {
  v1::StartAuthorizationResponse started;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(
        stub_->StartAuthorization(&context, World::StartRequest(), &started)
            .ok());
  }
  {
    grpc::ClientContext context;
    v1::CompleteAuthorizationRequest request;
    request.set_state(started.state());
    request.set_code("code-1");
    v1::CompleteAuthorizationResponse response;
    world_.http.Answer(200, World::Tokens("at-1", "rt-1"));
    ASSERT_TRUE(
        stub_->CompleteAuthorization(&context, request, &response).ok());
    EXPECT_EQ(response.connection().subject(), "alice");
  }
  {
    grpc::ClientContext context;
    v1::GetAccessTokenRequest request;
    request.set_provider("acme");
    request.set_subject("alice");
    v1::GetAccessTokenResponse response;
    ASSERT_TRUE(stub_->GetAccessToken(&context, request, &response).ok());
    EXPECT_EQ(response.access_token(), "at-1");
    EXPECT_EQ(response.token_type(), "Bearer");
    EXPECT_EQ(response.generation(), 1);
    EXPECT_EQ(response.scopes(0), "calendar");
    EXPECT_TRUE(response.has_expire_time());
    EXPECT_TRUE(response.has_refresh_time());
  }
  {
    grpc::ClientContext context;
    v1::ListProvidersResponse response;
    ASSERT_TRUE(stub_->ListProviders(&context, {}, &response).ok());
    ASSERT_EQ(response.providers_size(), 1);
    EXPECT_EQ(response.providers(0).name(), "acme");
    EXPECT_EQ(response.providers(0).display_name(), "acme");
  }
  {
    grpc::ClientContext context;
    v1::DeleteConnectionRequest request;
    request.set_provider("acme");
    request.set_subject("alice");
    v1::DeleteConnectionResponse response;
    world_.http.Answer(200, "");
    EXPECT_TRUE(stub_->DeleteConnection(&context, request, &response).ok());
    EXPECT_EQ(response.connection().subject(), "alice");
  }
}

TEST_F(ServiceTest, GivesThePairOfTokensThatIsNamed) {
  world_.Connect();
  world_.Connect(World::Named("user"), "rt-u", "at-u");
  grpc::ClientContext context;
  v1::GetAccessTokenRequest request;
  request.set_provider("acme");
  request.set_subject("alice");
  request.set_token_name("user");
  v1::GetAccessTokenResponse response;
  ASSERT_TRUE(stub_->GetAccessToken(&context, request, &response).ok());
  EXPECT_EQ(response.access_token(), "at-u");
  grpc::ClientContext again;
  v1::GetConnectionRequest read;
  read.set_provider("acme");
  read.set_subject("alice");
  read.set_token_name("user");
  v1::GetConnectionResponse connection;
  ASSERT_TRUE(stub_->GetConnection(&again, read, &connection).ok());
  EXPECT_EQ(connection.connection().subject(), "alice");
  EXPECT_EQ(connection.connection().token_name(), "user");
}

TEST_F(ServiceTest, AFailureCarriesOneErrorInfoAndStopsRetries) {
  const Failure failure = GetFails("acme", "nobody");
  EXPECT_EQ(failure.code, grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(failure.reason, "CONNECTION_NOT_FOUND");
  EXPECT_EQ(failure.error_infos, 1);
  EXPECT_FALSE(failure.has_retry_info);
  EXPECT_EQ(failure.pushback, "-1");
}

TEST_F(ServiceTest, AFailureThatPassesSaysWhenToRetry) {
  world_.Connect();
  world_.clock.Advance(absl::Hours(2));
  world_.http.AnswerRetryAfter(503, "7");
  const Failure failure = GetFails("acme", "alice");
  EXPECT_EQ(failure.code, grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(failure.reason, "PROVIDER_UNAVAILABLE");
  EXPECT_TRUE(failure.has_retry_info);
  EXPECT_EQ(failure.pushback, "7000");
}

TEST_F(ServiceTest, ABadRequestNamesItsFields) {
  const Failure failure = GetFails("acme", "");
  EXPECT_EQ(failure.code, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(failure.reason, "INVALID_FIELD");
  EXPECT_EQ(failure.error_infos, 1);
  ASSERT_TRUE(failure.bad_request.has_value());
  EXPECT_EQ(failure.bad_request->field_violations(0).field(), "subject");
}

TEST_F(ServiceTest, CountsEveryCallByItsCode) {
  GetFails("acme", "nobody");
  EXPECT_NE(world_.broker->metrics.Text().find(
                "grpc_server_handled_total{grpc_code=\"NotFound\","
                "grpc_method=\"GetAccessToken\","
                "grpc_service=\"tokenbroker.v1.TokenBrokerService\","
                "grpc_type=\"unary\"} 1"),
            std::string::npos);
}

}  // namespace
}  // namespace tokenbroker
