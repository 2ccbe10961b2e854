// SPDX-License-Identifier: Apache-2.0
#include "providers/discovery.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "broker/status_macros.h"
#include "providers/json.h"
#include "providers/url.h"

namespace tokenbroker {
namespace {

using Settings = config::v1::Provider;

bool Lists(const nlohmann::json& metadata, const char* name,
           absl::string_view value) {
  const auto member = metadata.find(name);
  if (member == metadata.end() || !member->is_array()) return false;
  for (const auto& entry : *member) {
    if (entry.is_string() && entry.get<std::string>() == value) return true;
  }
  return false;
}

// RFC 8414 2: client_secret_basic is the default when nothing is said.
absl::StatusOr<config::v1::ClientAuthMethod> AuthMethod(
    const nlohmann::json& metadata) {
  constexpr char kSupported[] = "token_endpoint_auth_methods_supported";
  if (!metadata.contains(kSupported) ||
      Lists(metadata, kSupported, "client_secret_basic")) {
    return config::v1::CLIENT_AUTH_METHOD_CLIENT_SECRET_BASIC;
  }
  if (Lists(metadata, kSupported, "client_secret_post")) {
    return config::v1::CLIENT_AUTH_METHOD_CLIENT_SECRET_POST;
  }
  return absl::InvalidArgumentError(
      "metadata supports neither client_secret_basic nor client_secret_post; "
      "if it is wrong, write token_endpoint_auth_method");
}

}  // namespace

bool NeedsDiscovery(const Settings& settings) {
  return !settings.issuer().empty() &&
         (settings.authorization_endpoint().empty() ||
          settings.token_endpoint().empty());
}

std::vector<std::string> MetadataUrls(absl::string_view issuer) {
  const absl::string_view bare = absl::StripSuffix(issuer, "/");
  const size_t host = bare.find("://") + 3;
  const size_t path = bare.find('/', host);
  const absl::string_view origin = bare.substr(0, path);
  const absl::string_view rest =
      path == absl::string_view::npos ? "" : bare.substr(path);
  return {
      absl::StrCat(bare, "/.well-known/openid-configuration"),
      absl::StrCat(origin, "/.well-known/oauth-authorization-server", rest)};
}

absl::StatusOr<Settings> ApplyMetadata(const Settings& settings,
                                       absl::string_view metadata) {
  const auto document = ParseJsonObject(metadata);
  if (!document.has_value()) {
    return absl::InvalidArgumentError("metadata is not a JSON object");
  }
  if (StringMember(*document, "issuer") != settings.issuer()) {
    return absl::InvalidArgumentError("metadata is of another issuer");
  }
  Settings complete = settings;
  const auto fill = [&](const char* name, std::string* endpoint) {
    if (!endpoint->empty()) return true;
    *endpoint = StringMember(*document, name);
    return endpoint->empty() ||
           IsEndpointUrl(*endpoint, settings.allow_loopback());
  };
  if (!fill("authorization_endpoint",
            complete.mutable_authorization_endpoint()) ||
      !fill("token_endpoint", complete.mutable_token_endpoint()) ||
      !fill("revocation_endpoint", complete.mutable_revocation_endpoint()) ||
      !fill("userinfo_endpoint", complete.mutable_userinfo_endpoint())) {
    return absl::InvalidArgumentError(
        "metadata has an endpoint that is not an https URL");
  }
  if (complete.authorization_endpoint().empty() ||
      complete.token_endpoint().empty()) {
    return absl::InvalidArgumentError(
        "metadata lacks the authorization or the token endpoint");
  }
  if (complete.token_endpoint_auth_method() ==
      config::v1::CLIENT_AUTH_METHOD_UNSPECIFIED) {
    ABSL_ASSIGN_OR_RETURN(const auto method, AuthMethod(*document));
    complete.set_token_endpoint_auth_method(method);
  }
  // RFC 9207 3.
  const auto iss =
      document->find("authorization_response_iss_parameter_supported");
  if (iss != document->end() && iss->is_boolean() && iss->get<bool>()) {
    complete.set_require_iss(true);
  }
  return complete;
}

}  // namespace tokenbroker
