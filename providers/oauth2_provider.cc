// SPDX-License-Identifier: Apache-2.0
#include "providers/oauth2_provider.h"

#include <utility>

#include "providers/authorization_url.h"
#include "providers/token_request.h"
#include "providers/token_response.h"

namespace tokenbroker {

OAuth2Provider::OAuth2Provider(config::v1::Provider settings,
                               Secret client_secret)
    : settings_(std::move(settings)),
      client_secret_(std::move(client_secret)) {}

std::string OAuth2Provider::AuthorizationUrl(
    const AuthorizationUrlParams& params) const {
  return BuildAuthorizationUrl(settings_, params);
}

HttpRequest OAuth2Provider::CodeRequest(const CodeGrant& grant) const {
  return BuildCodeRequest(settings_, client_secret_, grant);
}

HttpRequest OAuth2Provider::RefreshRequest(const Secret& refresh_token) const {
  return BuildRefreshRequest(settings_, client_secret_, refresh_token);
}

std::optional<HttpRequest> OAuth2Provider::RevokeRequest(
    const Secret& token) const {
  if (settings_.revocation_endpoint().empty()) return std::nullopt;
  return BuildRevokeRequest(settings_, client_secret_, token);
}

Outcome OAuth2Provider::Read(const HttpResponse& response,
                             const ReadContext& context) const {
  return ReadTokenResponse(settings_, response, context);
}

}  // namespace tokenbroker
