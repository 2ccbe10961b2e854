// SPDX-License-Identifier: Apache-2.0
#include "providers/authorization_url.h"

#include <algorithm>
#include <array>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/status_macros.h"
#include "providers/parameters.h"
#include "providers/template.h"

namespace tokenbroker {
namespace {

constexpr std::array<absl::string_view, 20> kProtocolParameters = {
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "grant_type",
    "id_token_hint",
    "login_hint",
    "nonce",
    "redirect_uri",
    "refresh_token",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
};

}  // namespace

bool IsProtocolParameter(absl::string_view name) {
  return std::any_of(kProtocolParameters.begin(), kProtocolParameters.end(),
                     [name](absl::string_view parameter) {
                       return absl::EqualsIgnoreCase(parameter, name);
                     });
}

absl::StatusOr<std::string> BuildAuthorizationUrl(
    const config::v1::Provider& settings,
    const AuthorizationUrlParams& params) {
  ABSL_ASSIGN_OR_RETURN(const std::string endpoint,
                        ExpandUrl(settings, settings.authorization_endpoint(),
                                  params.attributes));
  const std::string separator =
      settings.scope_separator().empty() ? " " : settings.scope_separator();
  const config::v1::AuthorizationRequest& shape =
      settings.authorization_request();
  Parameters query;
  query.Set("response_type", "code")
      .Set("client_id", settings.client_id())
      .Set("redirect_uri", params.redirect_uri);
  if (!params.scopes.empty()) {
    query.Set("scope", absl::StrJoin(params.scopes, separator));
  }
  query.Set("state", params.state);
  if (settings.pkce() != config::v1::PKCE_UNSUPPORTED) {
    query.Set("code_challenge", params.code_challenge)
        .Set("code_challenge_method", "S256");
  }
  if (!params.nonce.empty()) query.Set("nonce", params.nonce);
  if (!shape.response_mode().empty()) {
    query.Set("response_mode", shape.response_mode());
  }
  if (!params.login_hint.empty()) query.Set("login_hint", params.login_hint);
  query.Rename(shape.names());
  std::map<std::string, std::string> extra = params.extra_params;
  extra.insert(settings.extra_authorization_params().begin(),
               settings.extra_authorization_params().end());
  for (const auto& [name, value] : extra) query.Set(name, value);

  std::string url =
      absl::StrCat(endpoint, absl::StrContains(endpoint, '?') ? "&" : "?",
                   query.ToQuery().Reveal());
  if (!shape.fragment().empty()) absl::StrAppend(&url, "#", shape.fragment());
  return url;
}

}  // namespace tokenbroker
