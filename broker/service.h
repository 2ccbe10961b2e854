// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_SERVICE_H_
#define TOKENBROKER_BROKER_SERVICE_H_

#include "broker/provider_directory.h"
#include "tokenbroker/v1/token_broker.grpc.pb.h"

namespace tokenbroker {

struct Broker;

// gRPC in, acts, and back; decides nothing. Every call goes through one wrapper
// in this order: authenticate, authorize, validate, act, map errors, count.
// Thread-safe.
class Service final : public v1::TokenBrokerService::CallbackService {
 public:
  // Both must outlive the service.
  Service(Broker& broker, const ProviderDirectory& providers)
      : broker_(broker), providers_(providers) {}

  grpc::ServerUnaryReactor* StartAuthorization(
      grpc::CallbackServerContext* context,
      const v1::StartAuthorizationRequest* request,
      v1::StartAuthorizationResponse* response) override;
  grpc::ServerUnaryReactor* CompleteAuthorization(
      grpc::CallbackServerContext* context,
      const v1::CompleteAuthorizationRequest* request,
      v1::CompleteAuthorizationResponse* response) override;
  grpc::ServerUnaryReactor* GetAccessToken(
      grpc::CallbackServerContext* context,
      const v1::GetAccessTokenRequest* request,
      v1::GetAccessTokenResponse* response) override;
  grpc::ServerUnaryReactor* GetConnection(
      grpc::CallbackServerContext* context,
      const v1::GetConnectionRequest* request,
      v1::GetConnectionResponse* response) override;
  grpc::ServerUnaryReactor* ListConnections(
      grpc::CallbackServerContext* context,
      const v1::ListConnectionsRequest* request,
      v1::ListConnectionsResponse* response) override;
  grpc::ServerUnaryReactor* DeleteConnection(
      grpc::CallbackServerContext* context,
      const v1::DeleteConnectionRequest* request,
      v1::DeleteConnectionResponse* response) override;
  grpc::ServerUnaryReactor* ListProviders(
      grpc::CallbackServerContext* context,
      const v1::ListProvidersRequest* request,
      v1::ListProvidersResponse* response) override;

 private:
  Broker& broker_;
  const ProviderDirectory& providers_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_SERVICE_H_
