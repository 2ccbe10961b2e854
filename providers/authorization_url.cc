// SPDX-License-Identifier: Apache-2.0
#include "providers/authorization_url.h"

#include <algorithm>
#include <array>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "providers/form.h"

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

std::string BuildAuthorizationUrl(const config::v1::Provider& settings,
                                  const AuthorizationUrlParams& params) {
  const std::string separator =
      settings.scope_separator().empty() ? " " : settings.scope_separator();
  Form query;
  query.Add("response_type", "code")
      .Add("client_id", settings.client_id())
      .Add("redirect_uri", params.redirect_uri);
  if (!params.scopes.empty()) {
    query.Add("scope", absl::StrJoin(params.scopes, separator));
  }
  query.Add("state", params.state)
      .Add("code_challenge", params.code_challenge)
      .Add("code_challenge_method", "S256");
  if (!params.nonce.empty()) query.Add("nonce", params.nonce);
  if (!params.login_hint.empty()) query.Add("login_hint", params.login_hint);
  std::map<std::string, std::string> extra = params.extra_params;
  extra.insert(settings.extra_authorization_params().begin(),
               settings.extra_authorization_params().end());
  for (const auto& [name, value] : extra) query.Add(name, value);

  const std::string& endpoint = settings.authorization_endpoint();
  return absl::StrCat(endpoint, absl::StrContains(endpoint, '?') ? "&" : "?",
                      query.text());
}

}  // namespace tokenbroker
