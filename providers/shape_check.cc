// SPDX-License-Identifier: Apache-2.0
#include "providers/shape_check.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/status_macros.h"
#include "broker/validation.h"
#include "providers/attribute_check.h"
#include "providers/authorization_url.h"
#include "providers/provider_error.h"
#include "providers/template.h"

namespace tokenbroker {
namespace {

using config::v1::Attribute;
using Settings = config::v1::Provider;
using StringMap = google::protobuf::Map<std::string, std::string>;

// What is known before anybody asks, with a stand-in for what is not.
Attributes StandIns(const Settings& provider) {
  Attributes attributes;
  for (const Attribute& attribute : provider.attributes()) {
    if (!provider.variables().contains(attribute.name()) &&
        attribute.default_value().empty()) {
      attributes[attribute.name()] = "x";
    }
  }
  return attributes;
}

absl::Status CheckTemplate(const Settings& provider, absl::string_view field,
                           const std::string& text, bool in_url) {
  const auto names = NamesIn(text);
  if (!names.ok()) {
    return ProviderError(
        provider, absl::StrCat(field, " has ", names.status().message()));
  }
  for (const std::string& name : *names) {
    if (name == "state" && field == "code_request.params") continue;
    if (name != "state" && IsTemplateWord(name)) continue;
    const Attribute* attribute = FindAttribute(provider, name);
    if (attribute == nullptr) {
      return ProviderError(
          provider, absl::StrCat(field, " has {", name,
                                 "}, which is no attribute of the preset"));
    }
    if (in_url && attribute->pattern().empty()) {
      return ProviderError(provider, absl::StrCat(field, " has {", name,
                                                  "}, which has no pattern"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckEndpoint(const Settings& provider, absl::string_view field,
                           const std::string& url) {
  if (url.empty()) return absl::OkStatus();
  ABSL_RETURN_IF_ERROR(CheckTemplate(provider, field, url, /*in_url=*/true));
  const Attributes stand_ins = StandIns(provider);
  for (const auto& [name, value] : stand_ins) {
    // What it is going to be is checked when it is said.
    if (absl::StartsWith(url, absl::StrCat("{", name, "}"))) {
      return absl::OkStatus();
    }
  }
  if (ExpandUrl(provider, url, stand_ins).ok()) return absl::OkStatus();
  return ProviderError(
      provider, absl::StrCat(field,
                             " must be an https:// URL (http:// only with "
                             "allow_loopback) without user, spaces or "
                             "fragment"));
}

absl::Status CheckNames(const Settings& provider, absl::string_view field,
                        const StringMap& names,
                        const std::set<absl::string_view>& known) {
  for (const auto& [name, other] : names) {
    if (known.count(name) == 0) {
      return ProviderError(provider,
                           absl::StrCat(field, ".names cannot rename ", name,
                                        ", only ", absl::StrJoin(known, ", ")));
    }
  }
  return absl::OkStatus();
}

// Parameters that a request's own `params` may set though they are the
// protocol's.
bool MayBeParam(absl::string_view name) {
  return !IsProtocolParameter(name) || name == "grant_type" ||
         name == "redirect_uri" || name == "scope" || name == "state";
}

absl::Status CheckRequest(const Settings& provider, absl::string_view field,
                          const config::v1::Request& request) {
  ABSL_RETURN_IF_ERROR(
      CheckNames(provider, field, request.names(),
                 {"client_assertion", "client_assertion_type", "client_id",
                  "client_secret", "code", "code_verifier", "grant_type",
                  "redirect_uri", "refresh_token", "token"}));
  for (const auto& [name, value] : request.params()) {
    if (!MayBeParam(name)) {
      return ProviderError(provider,
                           absl::StrCat(field, ".params cannot set ", name,
                                        ", which the protocol sets"));
    }
    ABSL_RETURN_IF_ERROR(CheckTemplate(provider, absl::StrCat(field, ".params"),
                                       value, /*in_url=*/false));
  }
  return absl::OkStatus();
}

absl::Status CheckHeaders(const Settings& provider) {
  for (const auto& [name, value] : provider.request_headers()) {
    const bool is_ours = absl::EqualsIgnoreCase(name, "Authorization") ||
                         absl::EqualsIgnoreCase(name, "Content-Type") ||
                         absl::EqualsIgnoreCase(name, "Content-Length") ||
                         absl::EqualsIgnoreCase(name, "Accept") ||
                         absl::EqualsIgnoreCase(name, "Host");
    const bool is_header =
        !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
          return absl::ascii_isalnum(c) || c == '-' || c == '_';
        });
    if (is_ours || !is_header || HasControlCharacter(value)) {
      return ProviderError(provider,
                           absl::StrCat("request_headers cannot set ", name));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckAuthorizationParams(const Settings& provider) {
  for (const auto& [name, value] : provider.extra_authorization_params()) {
    if (IsProtocolParameter(name)) {
      return ProviderError(
          provider, absl::StrCat("extra_authorization_params cannot set ", name,
                                 ", which the protocol sets"));
    }
  }
  for (const std::string& name : provider.allowed_extra_params()) {
    if (IsProtocolParameter(name)) {
      return ProviderError(
          provider, absl::StrCat("allowed_extra_params cannot allow ", name,
                                 ", which the protocol sets"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckEndpoints(const Settings& provider) {
  if (provider.issuer().empty() && (provider.authorization_endpoint().empty() ||
                                    provider.token_endpoint().empty())) {
    return ProviderError(
        provider,
        absl::StrCat("write ", provider.preset().empty() ? "a preset, " : "",
                     "an issuer to discover, or authorization_endpoint and "
                     "token_endpoint"));
  }
  const std::pair<const char*, const std::string&> urls[] = {
      {"issuer", provider.issuer()},
      {"authorization_endpoint", provider.authorization_endpoint()},
      {"token_endpoint", provider.token_endpoint()},
      {"revocation_endpoint", provider.revocation_endpoint()},
      {"userinfo_endpoint", provider.userinfo_endpoint()},
      {"code_request.endpoint", provider.code_request().endpoint()},
      {"refresh_request.endpoint", provider.refresh_request().endpoint()},
      {"first_refresh_request.endpoint",
       provider.first_refresh_request().endpoint()}};
  for (const auto& [field, url] : urls) {
    ABSL_RETURN_IF_ERROR(CheckEndpoint(provider, field, url));
  }
  if (!provider.revocation_request().endpoint().empty()) {
    return ProviderError(provider,
                         "revocation_request.endpoint is not to be set: write "
                         "revocation_endpoint");
  }
  return absl::OkStatus();
}

absl::Status CheckShapes(const Settings& provider) {
  ABSL_RETURN_IF_ERROR(
      CheckNames(provider, "authorization_request",
                 provider.authorization_request().names(),
                 {"client_id", "code_challenge", "code_challenge_method",
                  "login_hint", "nonce", "redirect_uri", "response_mode",
                  "response_type", "scope", "state"}));
  const std::pair<const char*, const config::v1::Request&> requests[] = {
      {"code_request", provider.code_request()},
      {"refresh_request", provider.refresh_request()},
      {"first_refresh_request", provider.first_refresh_request()},
      {"revocation_request", provider.revocation_request()}};
  for (const auto& [field, request] : requests) {
    ABSL_RETURN_IF_ERROR(CheckRequest(provider, field, request));
  }
  ABSL_RETURN_IF_ERROR(CheckNames(
      provider, "answer", provider.answer().names(),
      {"access_token", "expires_in", "refresh_token", "scope", "token_type"}));
  for (const auto& named : provider.answer().named_tokens()) {
    if (!IsName(named.name()) || named.at().empty()) {
      return ProviderError(provider, "answer.named_tokens need name and at");
    }
  }
  ABSL_RETURN_IF_ERROR(CheckHeaders(provider));
  ABSL_RETURN_IF_ERROR(CheckTemplate(provider, "assertion.issuer",
                                     provider.assertion().issuer(), false));
  ABSL_RETURN_IF_ERROR(CheckTemplate(provider, "assertion.audience",
                                     provider.assertion().audience(), false));
  return CheckAuthorizationParams(provider);
}

}  // namespace tokenbroker
