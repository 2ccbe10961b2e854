// SPDX-License-Identifier: Apache-2.0
#include "providers/token_request.h"

#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "providers/form.h"
#include "providers/provider_request.h"

namespace tokenbroker {
namespace {

using config::v1::ClientAuthMethod;
using Settings = config::v1::Provider;

// RFC 6749 2.3.1: both are form-url-encoded before Base64.
Secret BasicCredentials(const Settings& settings, const Secret& client_secret) {
  std::string password = FormEscape(client_secret.Reveal());
  std::string pair =
      absl::StrCat(FormEscape(settings.client_id()), ":", password);
  std::string base64 = absl::Base64Escape(pair);
  std::string credentials = absl::StrCat("Basic ", base64);
  for (std::string* text : {&password, &pair, &base64}) WipeString(text);
  return Secret::Take(&credentials);
}

HttpRequest BuildRequest(const Settings& settings, const std::string& url,
                         ClientAuthMethod method, const Secret& client_secret,
                         Form form) {
  HttpRequest request = RequestTo(settings, url);
  request.method = "POST";
  request.headers.emplace_back("Content-Type",
                               Secret("application/x-www-form-urlencoded"));
  switch (method) {
    case config::v1::CLIENT_AUTH_METHOD_CLIENT_SECRET_POST:
      form.Add("client_id", settings.client_id())
          .Add("client_secret", client_secret.Reveal());
      break;
    case config::v1::CLIENT_AUTH_METHOD_NONE:
      form.Add("client_id", settings.client_id());
      break;
    default:
      request.headers.emplace_back("Authorization",
                                   BasicCredentials(settings, client_secret));
  }
  request.body = form.TakeText();
  return request;
}

HttpRequest BuildTokenRequest(const Settings& settings,
                              const Secret& client_secret, Form form) {
  return BuildRequest(settings, settings.token_endpoint(),
                      settings.token_endpoint_auth_method(), client_secret,
                      std::move(form));
}

}  // namespace

HttpRequest BuildCodeRequest(const Settings& settings,
                             const Secret& client_secret,
                             const CodeGrant& grant) {
  Form form;
  form.Add("grant_type", "authorization_code")
      .Add("code", grant.code.Reveal())
      .Add("redirect_uri", grant.redirect_uri)
      .Add("code_verifier", grant.code_verifier.Reveal());
  return BuildTokenRequest(settings, client_secret, std::move(form));
}

HttpRequest BuildRefreshRequest(const Settings& settings,
                                const Secret& client_secret,
                                const Secret& refresh_token) {
  Form form;
  form.Add("grant_type", "refresh_token")
      .Add("refresh_token", refresh_token.Reveal());
  return BuildTokenRequest(settings, client_secret, std::move(form));
}

HttpRequest BuildRevokeRequest(const Settings& settings,
                               const Secret& client_secret,
                               const Secret& token) {
  const ClientAuthMethod method =
      settings.revocation_endpoint_auth_method() ==
              config::v1::CLIENT_AUTH_METHOD_UNSPECIFIED
          ? settings.token_endpoint_auth_method()
          : settings.revocation_endpoint_auth_method();
  Form form;
  form.Add("token", token.Reveal());
  return BuildRequest(settings, settings.revocation_endpoint(), method,
                      client_secret, std::move(form));
}

}  // namespace tokenbroker
