// SPDX-License-Identifier: Apache-2.0
#include "broker/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "broker/files.h"
#include "broker/status_macros.h"
#include "grpc/health/v1/health.pb.h"

namespace tokenbroker {
namespace {

// The largest request that the documented bounds allow is about 100 KiB.
constexpr int kLargestRequest = 256 << 10;
constexpr int kLargestMetadata = 16 << 10;

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> CredentialsOf(
    const config::v1::Grpc& config) {
  if (!config.has_tls()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  grpc::SslServerCredentialsOptions::PemKeyCertPair pair;
  ABSL_ASSIGN_OR_RETURN(pair.cert_chain,
                        ReadFile(config.tls().certificate_file()));
  ABSL_ASSIGN_OR_RETURN(pair.private_key,
                        ReadFile(config.tls().private_key_file()));
  options.pem_key_cert_pairs.push_back(std::move(pair));
  ABSL_ASSIGN_OR_RETURN(options.pem_root_certs,
                        ReadFile(config.tls().client_ca_file()));
  // gRPC reads "no authorities" as "trust the system's".
  if (!absl::StrContains(options.pem_root_certs, "BEGIN CERTIFICATE")) {
    return absl::InvalidArgumentError(
        absl::StrCat("grpc.tls.client_ca_file ", config.tls().client_ca_file(),
                     " holds no PEM certificate"));
  }
  return grpc::SslServerCredentials(options);
}

// gRPC's reflection library switches itself on in every server of a process
// that links it; this takes it out again.
class WithoutReflection final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>*
                         plugins) override {
    const std::string reflection =
        grpc::reflection::ProtoServerReflectionPlugin().name();
    std::erase_if(*plugins, [&reflection](const auto& plugin) {
      return plugin->name() == reflection;
    });
  }
};

// The address with the port that was picked for port 0.
std::string PickedAddress(const std::string& address, int port) {
  if (absl::StartsWith(address, "unix:")) return address;
  return absl::StrCat(address.substr(0, address.rfind(':')), ":", port);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Listen(
    const config::v1::Grpc& config, grpc::Service& service) {
  ABSL_ASSIGN_OR_RETURN(const auto credentials, CredentialsOf(config));
  grpc::EnableDefaultHealthCheckService(true);
  // Linked in, so that reflection can describe the health service.
  grpc::health::v1::HealthCheckRequest::descriptor();

  int port = 0;
  grpc::ServerBuilder builder;
  if (!config.reflection()) {
    builder.SetOption(std::make_unique<WithoutReflection>());
  }
  // Two brokers must not share a port unseen.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kLargestMetadata);
  builder.SetMaxReceiveMessageSize(kLargestRequest);
  builder.AddListeningPort(config.address(), credentials, &port);
  builder.RegisterService(&service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return absl::AlreadyExistsError(absl::StrCat(
        "cannot listen on grpc.address ", config.address(),
        config.has_tls()
            ? ": the port is in use, the address is not this machine's, or "
              "certificate and key do not fit"
            : ": the port is in use or the address is not this machine's; "
              "choose another"));
  }
  auto listening = std::unique_ptr<Server>(
      new Server(std::move(server), PickedAddress(config.address(), port)));
  listening->SetServing(false);
  return listening;
}

Server::Server(std::unique_ptr<grpc::Server> server, std::string address)
    : server_(std::move(server)), address_(std::move(address)) {}

Server::~Server() { Shutdown(absl::ZeroDuration()); }

void Server::SetServing(bool serving) {
  grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
  health->SetServingStatus(serving);
  health->SetServingStatus("tokenbroker.v1.TokenBrokerService", serving);
}

void Server::Shutdown(absl::Duration grace) {
  server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
}

}  // namespace tokenbroker
