// SPDX-License-Identifier: Apache-2.0
#include "broker/call_command.h"

#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <iostream>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "broker/exit_code.h"
#include "broker/files.h"
#include "broker/status_macros.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tokenbroker/v1/token_broker.pb.h"

namespace tokenbroker {
namespace {

using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

const ServiceDescriptor& Service() {
  return *v1::Connection::descriptor()->file()->FindServiceByName(
      "TokenBrokerService");
}

absl::StatusOr<const MethodDescriptor*> FindMethod(const std::string& name) {
  if (const auto* method = Service().FindMethodByName(name)) return method;
  std::string message = absl::StrCat("there is no call ", name, "; choose");
  for (int i = 0; i < Service().method_count(); ++i) {
    absl::StrAppend(&message, " ", Service().method(i)->name());
  }
  return absl::InvalidArgumentError(message);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(
    const CallOptions& options) {
  if (options.ca_file.empty()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions tls;
  ABSL_ASSIGN_OR_RETURN(tls.pem_root_certs, ReadFile(options.ca_file));
  ABSL_ASSIGN_OR_RETURN(tls.pem_cert_chain, ReadFile(options.certificate_file));
  ABSL_ASSIGN_OR_RETURN(tls.pem_private_key,
                        ReadFile(options.private_key_file));
  return grpc::SslCredentials(tls);
}

std::string CodeName(grpc::StatusCode code) {
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

void PrintError(const grpc::Status& status) {
  std::cerr << CodeName(status.error_code());
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  if (details.ParseFromString(status.error_details())) {
    for (const auto& detail : details.details()) {
      if (!detail.UnpackTo(&info)) continue;
      std::cerr << " " << info.reason();
      for (const auto& [key, value] : info.metadata()) {
        std::cerr << " " << key << "=" << value;
      }
    }
  }
  std::cerr << "\n" << status.error_message() << "\n";
}

// The method's request or response type as a message to read JSON into.
class Messages {
 public:
  std::unique_ptr<google::protobuf::Message> Make(
      const google::protobuf::Descriptor* type) {
    return std::unique_ptr<google::protobuf::Message>(
        factory_.GetPrototype(type)->New());
  }

 private:
  google::protobuf::DynamicMessageFactory factory_;
};

absl::StatusOr<int> Call(const CallOptions& options) {
  ABSL_ASSIGN_OR_RETURN(const MethodDescriptor* method,
                        FindMethod(options.method));
  ABSL_ASSIGN_OR_RETURN(const auto credentials, CredentialsOf(options));
  Messages messages;
  const auto request = messages.Make(method->input_type());
  const auto response = messages.Make(method->output_type());
  if (const auto read = google::protobuf::util::JsonStringToMessage(
          options.request, request.get());
      !read.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the request is not ", method->input_type()->name(),
                     " in JSON: ", read.message().ToString()));
  }

  const std::string bytes = request->SerializeAsString();
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer sent(&slice, 1);
  grpc::ByteBuffer received;
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + options.timeout));
  grpc::GenericStub stub(grpc::CreateChannel(options.address, credentials));
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(
      &context, absl::StrCat("/", Service().full_name(), "/", method->name()),
      sent, &queue);
  call->StartCall();
  grpc::Status status;
  call->Finish(&received, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (!status.ok()) {
    PrintError(status);
    return kExitCallRefused;
  }

  std::vector<grpc::Slice> slices;
  std::string answer;
  if (received.Dump(&slices).ok()) {
    for (const grpc::Slice& part : slices) {
      answer.append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
  }
  std::string json;
  google::protobuf::util::JsonPrintOptions print;
  print.add_whitespace = true;
  if (!response->ParseFromString(answer) ||
      !google::protobuf::util::MessageToJsonString(*response, &json, print)
           .ok()) {
    return absl::InternalError("the response does not parse");
  }
  std::cout << json << std::flush;
  return kExitClean;
}

}  // namespace

int RunCall(const CallOptions& options) {
  const absl::StatusOr<int> exit_code = Call(options);
  if (exit_code.ok()) return *exit_code;
  std::cerr << "token-broker: " << exit_code.status().message() << "\n";
  return ExitCodeOf(exit_code.status());
}

}  // namespace tokenbroker
