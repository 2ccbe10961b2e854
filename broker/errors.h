// SPDX-License-Identifier: Apache-2.0
//
// Every error the API returns, as a named function: code, reason, metadata and
// what to do next stand together. The details ride in the status as payloads;
// service.cc turns them into `google.rpc` details.
#ifndef TOKENBROKER_BROKER_ERRORS_H_
#define TOKENBROKER_BROKER_ERRORS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/validation.h"
#include "tokenbroker/v1/error_reason.pb.h"
#include "tokenbroker/v1/token_broker.pb.h"

namespace tokenbroker {

inline constexpr absl::string_view kErrorInfoType =
    "type.googleapis.com/google.rpc.ErrorInfo";
inline constexpr absl::string_view kBadRequestType =
    "type.googleapis.com/google.rpc.BadRequest";
inline constexpr absl::string_view kRetryInfoType =
    "type.googleapis.com/google.rpc.RetryInfo";

absl::Status CallerUnauthenticatedError();
absl::Status CallerNotAllowedError(absl::string_view permission,
                                   absl::string_view provider);
// `violations` is not empty.
absl::Status InvalidFieldsError(const std::vector<FieldViolation>& violations);
absl::Status ProviderNotFoundError(absl::string_view provider);
absl::Status ConnectionNotFoundError(absl::string_view provider);
absl::Status AuthorizationNotFoundError();
absl::Status AuthorizationExpiredError(absl::string_view provider);
absl::Status IssuerMismatchError(absl::string_view provider);
absl::Status CallbackRejectedError(absl::string_view provider);
absl::Status AuthorizationDeniedError(absl::string_view provider,
                                      absl::string_view provider_error);
absl::Status CodeRejectedError(absl::string_view provider,
                               absl::string_view provider_error);
absl::Status ReauthorizationRequiredError(absl::string_view provider,
                                          v1::Connection::Reason cause);
absl::Status ProviderMisconfiguredError(absl::string_view provider);
// `retry_after` of zero or less: waiting does not help this call.
absl::Status ProviderUnavailableError(absl::string_view provider,
                                      absl::Duration retry_after);
absl::Status ProviderResponseInvalidError(absl::string_view provider,
                                          absl::string_view detail);
absl::Status ConcurrentChangeError(absl::string_view provider);
absl::Status OverloadedError();
absl::Status DrainingError();
absl::Status StorageUnavailableError();
absl::Status RecordDamagedError(absl::string_view provider);
absl::Status InternalError();

// What a caller may see of a TokenStore's or Keyring's own error.
absl::Status FromStoreError(const absl::Status& status,
                            absl::string_view provider);

// The reason in `status`; UNSPECIFIED if it was not made here.
v1::ErrorReason ReasonOf(const absl::Status& status);

// How long `status` asks to wait, if waiting helps.
std::optional<absl::Duration> RetryDelayOf(const absl::Status& status);

// The reason's name in an ErrorInfo: `INVALID_FIELD`.
std::string ReasonName(v1::ErrorReason reason);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_ERRORS_H_
