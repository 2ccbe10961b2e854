// SPDX-License-Identifier: Apache-2.0
#include "providers/token_request.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "broker/status_macros.h"
#include "providers/client_authentication.h"
#include "providers/parameters.h"
#include "providers/provider_request.h"
#include "providers/template.h"

namespace tokenbroker {
namespace {

using Settings = config::v1::Provider;
using Shape = config::v1::Request;

std::string MethodName(const Shape& shape) {
  switch (shape.method()) {
    case config::v1::HTTP_METHOD_GET:
      return "GET";
    case config::v1::HTTP_METHOD_DELETE:
      return "DELETE";
    default:
      return "POST";
  }
}

// Puts the parameters where the shape wants them.
void Write(const Shape& shape, const Parameters& parameters,
           HttpRequest* request) {
  if (parameters.empty()) return;
  if (shape.method() == config::v1::HTTP_METHOD_GET ||
      shape.encoding() == config::v1::ENCODING_QUERY) {
    const Secret query = parameters.ToQuery();
    absl::StrAppend(&request->url,
                    absl::StrContains(request->url, '?') ? "&" : "?",
                    query.Reveal());
    return;
  }
  const bool is_json = shape.encoding() == config::v1::ENCODING_JSON;
  request->headers.emplace_back(
      "Content-Type", Secret(is_json ? "application/json"
                                     : "application/x-www-form-urlencoded"));
  request->body = is_json ? parameters.ToJson() : parameters.ToForm();
}

// Adds the shape's own parameters, sorted by name.
absl::Status AddParams(const Settings& settings, const Shape& shape,
                       const Attributes& attributes, Parameters* parameters) {
  const std::map<std::string, std::string> sorted(shape.params().begin(),
                                                  shape.params().end());
  for (const auto& [name, text] : sorted) {
    ABSL_ASSIGN_OR_RETURN(const std::string value,
                          Expand(settings, text, attributes));
    parameters->Set(name, value);
  }
  return absl::OkStatus();
}

// The request in its shape. `bearer`, unless empty, stands for the client's
// credentials.
absl::StatusOr<HttpRequest> Build(const Settings& settings,
                                  const ClientCredentials& credentials,
                                  const Shape& shape,
                                  const std::string& endpoint,
                                  Parameters parameters, const Secret& bearer,
                                  const RequestContext& context) {
  ABSL_ASSIGN_OR_RETURN(const std::string url,
                        ExpandUrl(settings, endpoint, context.attributes));
  HttpRequest request = RequestTo(settings, url);
  request.method = MethodName(shape);
  ABSL_RETURN_IF_ERROR(
      AddParams(settings, shape, context.attributes, &parameters));
  Secret authorization;
  if (bearer.empty()) {
    ABSL_ASSIGN_OR_RETURN(
        authorization,
        Authenticate(
            settings, credentials,
            shape.auth_method() == config::v1::CLIENT_AUTH_METHOD_UNSPECIFIED
                ? settings.token_endpoint_auth_method()
                : shape.auth_method(),
            context, &parameters));
  } else {
    std::string text = absl::StrCat("Bearer ", bearer.Reveal());
    authorization = Secret::Take(&text);
  }
  parameters.Rename(shape.names());
  Write(shape, parameters, &request);
  if (!authorization.empty()) {
    request.headers.emplace_back("Authorization", std::move(authorization));
  }
  return request;
}

absl::StatusOr<HttpRequest> BuildTokenRequest(
    const Settings& settings, const ClientCredentials& credentials,
    const Shape& shape, Parameters parameters, const RequestContext& context) {
  return Build(
      settings, credentials, shape,
      shape.endpoint().empty() ? settings.token_endpoint() : shape.endpoint(),
      std::move(parameters), Secret(), context);
}

}  // namespace

absl::StatusOr<HttpRequest> BuildCodeRequest(
    const Settings& settings, const ClientCredentials& credentials,
    const CodeGrant& grant, const RequestContext& context) {
  Parameters parameters;
  parameters.Set("grant_type", "authorization_code")
      .Set("code", grant.code.Reveal())
      .Set("redirect_uri", grant.redirect_uri);
  if (settings.pkce() != config::v1::PKCE_UNSUPPORTED) {
    parameters.Set("code_verifier", grant.code_verifier.Reveal());
  }
  return BuildTokenRequest(settings, credentials, settings.code_request(),
                           std::move(parameters), context);
}

absl::StatusOr<HttpRequest> BuildRefreshRequest(
    const Settings& settings, const ClientCredentials& credentials,
    const Secret& refresh_token, bool is_first, const RequestContext& context) {
  Parameters parameters;
  parameters.Set("grant_type", "refresh_token")
      .Set("refresh_token", refresh_token.Reveal());
  return BuildTokenRequest(settings, credentials,
                           is_first && settings.has_first_refresh_request()
                               ? settings.first_refresh_request()
                               : settings.refresh_request(),
                           std::move(parameters), context);
}

absl::StatusOr<HttpRequest> BuildRevokeRequest(
    const Settings& settings, const ClientCredentials& credentials,
    const Secret& token, const RequestContext& context) {
  const Shape& shape = settings.revocation_request();
  Parameters parameters;
  Secret bearer;
  if (shape.bearer()) {
    bearer = token.Clone();
  } else {
    parameters.Set("token", token.Reveal());
  }
  return Build(settings, credentials, shape, settings.revocation_endpoint(),
               std::move(parameters), bearer, context);
}

}  // namespace tokenbroker
