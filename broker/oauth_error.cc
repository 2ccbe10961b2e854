// SPDX-License-Identifier: Apache-2.0
#include "broker/oauth_error.h"

#include <array>

namespace tokenbroker {
namespace {

constexpr std::array<absl::string_view, 25> kRegistered = {
    "access_denied",
    "account_selection_required",
    "authorization_pending",
    "consent_required",
    "expired_token",
    "interaction_required",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_request_object",
    "invalid_request_uri",
    "invalid_scope",
    "invalid_target",
    "invalid_token",
    "login_required",
    "registration_not_supported",
    "request_not_supported",
    "request_uri_not_supported",
    "server_error",
    "slow_down",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
    "unsupported_token_type",
};

}  // namespace

absl::string_view RegisteredErrorOrOther(absl::string_view error) {
  for (const absl::string_view registered : kRegistered) {
    if (error == registered) return registered;
  }
  return "other";
}

}  // namespace tokenbroker
