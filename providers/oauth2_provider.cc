// SPDX-License-Identifier: Apache-2.0
#include "providers/oauth2_provider.h"

#include <utility>

#include "broker/status_macros.h"
#include "providers/attributes.h"
#include "providers/authorization_url.h"
#include "providers/callback_signature.h"
#include "providers/token_request.h"
#include "providers/token_response.h"

namespace tokenbroker {

OAuth2Provider::OAuth2Provider(config::v1::Provider settings,
                               ClientCredentials credentials)
    : settings_(std::move(settings)), credentials_(std::move(credentials)) {}

std::vector<FieldViolation> OAuth2Provider::CheckVariables(
    const Attributes& variables) const {
  return CheckCallerVariables(settings_, variables);
}

absl::StatusOr<std::string> OAuth2Provider::AuthorizationUrl(
    const AuthorizationUrlParams& params) const {
  return BuildAuthorizationUrl(settings_, params);
}

absl::StatusOr<Attributes> OAuth2Provider::ReadCallback(
    const std::map<std::string, std::string>& params,
    const Attributes& known) const {
  if (settings_.callback_signature() ==
          config::v1::CALLBACK_SIGNATURE_HMAC_SHA256 &&
      !IsCallbackSigned(params, credentials_.secret)) {
    return absl::PermissionDeniedError(
        "the callback is not signed with the client secret");
  }
  return ReadCallbackAttributes(settings_, params, known);
}

absl::StatusOr<HttpRequest> OAuth2Provider::CodeRequest(
    const CodeGrant& grant, const RequestContext& context) const {
  return BuildCodeRequest(settings_, credentials_, grant, context);
}

absl::StatusOr<HttpRequest> OAuth2Provider::RefreshRequest(
    const Secret& refresh_token, bool is_first,
    const RequestContext& context) const {
  return BuildRefreshRequest(settings_, credentials_, refresh_token, is_first,
                             context);
}

absl::StatusOr<std::optional<HttpRequest>> OAuth2Provider::RevokeRequest(
    const Secret& token, const RequestContext& context) const {
  if (settings_.revocation_endpoint().empty()) return std::nullopt;
  ABSL_ASSIGN_OR_RETURN(
      HttpRequest request,
      BuildRevokeRequest(settings_, credentials_, token, context));
  return std::make_optional(std::move(request));
}

Outcome OAuth2Provider::Read(const HttpResponse& response,
                             const ReadContext& context) const {
  return ReadTokenResponse(settings_, response, context);
}

}  // namespace tokenbroker
