// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_SERVER_H_
#define TOKENBROKER_BROKER_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tokenbroker/config/v1/config.pb.h"

namespace grpc {
class Server;
class Service;
}  // namespace grpc

namespace tokenbroker {

// The gRPC listener: the service, `grpc.health.v1.Health` for it and for the
// whole, and server reflection if switched on. Thread-safe.
class Server {
 public:
  // Listens as `config` says, health NOT_SERVING. kInvalidArgument or kNotFound
  // for a certificate that cannot be used or read, kAlreadyExists for an
  // address in use. `service` must outlive the server.
  static absl::StatusOr<std::unique_ptr<Server>> Listen(
      const config::v1::Grpc& config, grpc::Service& service);

  ~Server();

  // Where it listens, with the picked port.
  const std::string& address() const { return address_; }

  void SetServing(bool serving);

  // Accepts no call any more, gives those in flight `grace`, then ends them.
  void Shutdown(absl::Duration grace);

 private:
  Server(std::unique_ptr<grpc::Server> server, std::string address);

  const std::unique_ptr<grpc::Server> server_;
  const std::string address_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_SERVER_H_
