// SPDX-License-Identifier: Apache-2.0
#include "broker/errors.h"

#include <initializer_list>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "broker/proto_time.h"
#include "google/rpc/error_details.pb.h"

namespace tokenbroker {
namespace {

using Metadata =
    std::initializer_list<std::pair<const char*, absl::string_view>>;

absl::Status Error(absl::StatusCode code, v1::ErrorReason reason,
                   absl::string_view message, Metadata metadata = {}) {
  google::rpc::ErrorInfo info;
  info.set_reason(ReasonName(reason));
  info.set_domain("tokenbroker");
  for (const auto& [key, value] : metadata) {
    (*info.mutable_metadata())[key] = std::string(value);
  }
  absl::Status status(code, message);
  status.SetPayload(kErrorInfoType, absl::Cord(info.SerializeAsString()));
  return status;
}

absl::Status RetryAfter(absl::Status status, absl::Duration delay) {
  google::rpc::RetryInfo info;
  *info.mutable_retry_delay() = ToProto(delay);
  status.SetPayload(kRetryInfoType, absl::Cord(info.SerializeAsString()));
  return status;
}

}  // namespace

absl::Status CallerUnauthenticatedError() {
  return Error(absl::StatusCode::kUnauthenticated,
               v1::ERROR_REASON_CALLER_UNAUTHENTICATED,
               "The client certificate names nobody. Use one with a SPIFFE ID "
               "or a DNS name as subject alternative name.");
}

absl::Status CallerNotAllowedError(absl::string_view permission,
                                   absl::string_view provider) {
  return Error(absl::StatusCode::kPermissionDenied,
               v1::ERROR_REASON_CALLER_NOT_ALLOWED,
               absl::StrCat("No access rule gives this caller ", permission,
                            " here. Ask the broker's operator for one."),
               {{"permission", permission}, {"provider", provider}});
}

absl::Status InvalidFieldsError(const std::vector<FieldViolation>& violations) {
  google::rpc::BadRequest details;
  std::string message = "Mend the request:";
  for (const FieldViolation& violation : violations) {
    auto* added = details.add_field_violations();
    added->set_field(violation.field);
    added->set_description(violation.description);
    absl::StrAppend(&message, " ", violation.field, " ", violation.description,
                    ".");
  }
  absl::Status status = Error(absl::StatusCode::kInvalidArgument,
                              v1::ERROR_REASON_INVALID_FIELD, message);
  status.SetPayload(kBadRequestType, absl::Cord(details.SerializeAsString()));
  return status;
}

absl::Status ProviderNotFoundError(absl::string_view provider) {
  return Error(absl::StatusCode::kNotFound, v1::ERROR_REASON_PROVIDER_NOT_FOUND,
               "No provider of this name is configured. ListProviders names "
               "those that are.",
               {{"provider", provider}});
}

absl::Status ConnectionNotFoundError(absl::string_view provider) {
  return Error(absl::StatusCode::kNotFound,
               v1::ERROR_REASON_CONNECTION_NOT_FOUND,
               "Nothing was granted for this subject. Send the user through "
               "StartAuthorization.",
               {{"provider", provider}});
}

absl::Status AuthorizationNotFoundError() {
  return Error(absl::StatusCode::kNotFound,
               v1::ERROR_REASON_AUTHORIZATION_NOT_FOUND,
               "The state is unknown or was used before. Start a new "
               "authorization.");
}

absl::Status AuthorizationExpiredError(absl::string_view provider) {
  return Error(absl::StatusCode::kFailedPrecondition,
               v1::ERROR_REASON_AUTHORIZATION_EXPIRED,
               "The user came back too late. Start a new authorization.",
               {{"provider", provider}});
}

absl::Status IssuerMismatchError(absl::string_view provider) {
  return Error(absl::StatusCode::kPermissionDenied,
               v1::ERROR_REASON_ISSUER_MISMATCH,
               "The callback's iss is not this provider's issuer (RFC 9207). "
               "Start a new authorization.",
               {{"provider", provider}});
}

absl::Status CallbackRejectedError(absl::string_view provider) {
  return Error(absl::StatusCode::kPermissionDenied,
               v1::ERROR_REASON_CALLBACK_REJECTED,
               "The callback is not this provider's, or not of this "
               "authorization. Start a new authorization.",
               {{"provider", provider}});
}

absl::Status AuthorizationDeniedError(absl::string_view provider,
                                      absl::string_view provider_error) {
  return Error(absl::StatusCode::kFailedPrecondition,
               v1::ERROR_REASON_AUTHORIZATION_DENIED,
               "The provider or the user refused. Tell the user, or start a "
               "new authorization.",
               {{"provider", provider}, {"provider_error", provider_error}});
}

absl::Status CodeRejectedError(absl::string_view provider,
                               absl::string_view provider_error) {
  return Error(absl::StatusCode::kFailedPrecondition,
               v1::ERROR_REASON_CODE_REJECTED,
               "The provider refused the code. Start a new authorization.",
               {{"provider", provider}, {"provider_error", provider_error}});
}

absl::Status ReauthorizationRequiredError(absl::string_view provider,
                                          v1::Connection::Reason cause) {
  return Error(absl::StatusCode::kFailedPrecondition,
               v1::ERROR_REASON_REAUTHORIZATION_REQUIRED,
               "The grant is over. Send the user through StartAuthorization.",
               {{"provider", provider},
                {"cause", absl::StripPrefix(v1::Connection::Reason_Name(cause),
                                            "REASON_")}});
}

absl::Status ProviderMisconfiguredError(absl::string_view provider) {
  return Error(absl::StatusCode::kFailedPrecondition,
               v1::ERROR_REASON_PROVIDER_MISCONFIGURED,
               "The provider refuses the broker's client credentials or "
               "requests, or a request cannot be made. The broker's operator "
               "must mend its configuration.",
               {{"provider", provider}});
}

absl::Status ProviderUnavailableError(absl::string_view provider,
                                      absl::Duration retry_after) {
  absl::Status status = Error(
      absl::StatusCode::kUnavailable, v1::ERROR_REASON_PROVIDER_UNAVAILABLE,
      "The provider gave no usable answer.", {{"provider", provider}});
  if (retry_after <= absl::ZeroDuration()) return status;
  return RetryAfter(std::move(status), retry_after);
}

absl::Status ProviderResponseInvalidError(absl::string_view provider,
                                          absl::string_view detail) {
  return Error(absl::StatusCode::kInternal,
               v1::ERROR_REASON_PROVIDER_RESPONSE_INVALID,
               absl::StrCat("The provider's answer cannot be used (", detail,
                            "). Start a new authorization."),
               {{"provider", provider}});
}

absl::Status ConcurrentChangeError(absl::string_view provider) {
  return Error(absl::StatusCode::kAborted, v1::ERROR_REASON_CONCURRENT_CHANGE,
               "The connection was changed at the same moment. Read it.",
               {{"provider", provider}});
}

absl::Status OverloadedError() {
  return RetryAfter(
      Error(absl::StatusCode::kUnavailable, v1::ERROR_REASON_OVERLOADED,
            "The broker has more work than it accepts."),
      absl::Seconds(1));
}

absl::Status DrainingError() {
  return RetryAfter(Error(absl::StatusCode::kUnavailable,
                          v1::ERROR_REASON_DRAINING, "The broker is stopping."),
                    absl::Seconds(1));
}

absl::Status StorageUnavailableError() {
  return RetryAfter(Error(absl::StatusCode::kUnavailable,
                          v1::ERROR_REASON_STORAGE_UNAVAILABLE,
                          "The broker cannot read or write its storage."),
                    absl::Seconds(5));
}

absl::Status RecordDamagedError(absl::string_view provider) {
  return Error(absl::StatusCode::kDataLoss, v1::ERROR_REASON_RECORD_DAMAGED,
               "The stored record does not open. The broker's log says why.",
               {{"provider", provider}});
}

absl::Status InternalError() {
  return Error(absl::StatusCode::kInternal, v1::ERROR_REASON_INTERNAL,
               "A fault in the broker. Its log says more.");
}

absl::Status FromStoreError(const absl::Status& status,
                            absl::string_view provider) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return status;
    case absl::StatusCode::kNotFound:
      return ConnectionNotFoundError(provider);
    case absl::StatusCode::kAborted:
      return ConcurrentChangeError(provider);
    // The keyring lacks the key, or what it should open was changed.
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kDataLoss:
      return RecordDamagedError(provider);
    default:
      return StorageUnavailableError();
  }
}

v1::ErrorReason ReasonOf(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  const auto payload = status.GetPayload(kErrorInfoType);
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  if (payload.has_value() && info.ParseFromString(std::string(*payload))) {
    v1::ErrorReason_Parse(absl::StrCat("ERROR_REASON_", info.reason()),
                          &reason);
  }
  return reason;
}

std::optional<absl::Duration> RetryDelayOf(const absl::Status& status) {
  google::rpc::RetryInfo info;
  const auto payload = status.GetPayload(kRetryInfoType);
  if (!payload.has_value() || !info.ParseFromString(std::string(*payload))) {
    return std::nullopt;
  }
  return FromProto(info.retry_delay());
}

std::string ReasonName(v1::ErrorReason reason) {
  return std::string(
      absl::StripPrefix(v1::ErrorReason_Name(reason), "ERROR_REASON_"));
}

}  // namespace tokenbroker
