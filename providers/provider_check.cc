// SPDX-License-Identifier: Apache-2.0
#include "providers/provider_check.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/proto_time.h"
#include "broker/status_macros.h"
#include "broker/validation.h"
#include "providers/attributes.h"
#include "providers/authorization_url.h"
#include "providers/pattern.h"
#include "providers/template.h"
#include "providers/url.h"

namespace tokenbroker {
namespace {

using config::v1::Attribute;
using Settings = config::v1::Provider;
using StringMap = google::protobuf::Map<std::string, std::string>;

// Fields of these numbers are true of a provider for everybody.
constexpr int kFirstPresetField = 10;
constexpr int kLastPresetField = 99;

constexpr absl::Duration kLongestLifetime = absl::Hours(96000);

absl::Status Wrong(const Settings& provider, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("provider ", provider.name(), ": ", what));
}

template <typename Range>
bool Contains(const Range& range, absl::string_view value) {
  return std::find(range.begin(), range.end(), value) != range.end();
}

const Attribute* FindAttribute(const Settings& provider,
                               absl::string_view name) {
  for (const Attribute& attribute : provider.attributes()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

bool IsAttributeName(absl::string_view name) {
  return !name.empty() && name.size() <= 63 &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
         });
}

// --- attributes -------------------------------------------------------------

absl::Status CheckAttributes(const Settings& provider) {
  std::set<std::string> names;
  for (const Attribute& attribute : provider.attributes()) {
    const std::string where = absl::StrCat("attribute ", attribute.name());
    if (!IsAttributeName(attribute.name()) ||
        !names.insert(attribute.name()).second ||
        attribute.name() == "client_id" || attribute.name() == "redirect_uri") {
      return Wrong(provider, absl::StrCat(where,
                                          " has a malformed name, or that of "
                                          "another"));
    }
    if (!IsPattern(attribute.pattern())) {
      return Wrong(provider, absl::StrCat(where, " has no proper pattern"));
    }
    if (!attribute.default_value().empty() &&
        !IsValueOf(attribute, attribute.default_value())) {
      return Wrong(provider, absl::StrCat(where,
                                          " has a default_value that does not "
                                          "match its pattern"));
    }
  }
  return absl::OkStatus();
}

// Whether somebody will say what the attribute is.
bool IsSaid(const Settings& provider, const Attribute& attribute) {
  return !attribute.default_value().empty() ||
         !attribute.callback_param().empty() ||
         !attribute.answer_member().empty() ||
         provider.variables().contains(attribute.name()) ||
         Contains(provider.caller_variables(), attribute.name());
}

absl::Status CheckVariables(const Settings& provider) {
  for (const auto& [name, value] : provider.variables()) {
    const Attribute* attribute = FindAttribute(provider, name);
    if (attribute == nullptr) {
      return Wrong(provider, absl::StrCat("variables: the preset has no "
                                          "attribute ",
                                          name));
    }
    if (!IsValueOf(*attribute, value)) {
      return Wrong(provider, absl::StrCat("variables: ", name, " must match ",
                                          attribute->pattern(), ": ",
                                          attribute->description()));
    }
  }
  for (const std::string& name : provider.caller_variables()) {
    if (FindAttribute(provider, name) == nullptr) {
      return Wrong(provider, absl::StrCat("caller_variables: the preset has no "
                                          "attribute ",
                                          name));
    }
    if (provider.variables().contains(name)) {
      return Wrong(provider, absl::StrCat("caller_variables: ", name,
                                          " is given by variables already"));
    }
  }
  for (const Attribute& attribute : provider.attributes()) {
    if (IsSaid(provider, attribute)) continue;
    return Wrong(
        provider,
        absl::StrCat("variable ", attribute.name(),
                     " is missing: ", attribute.description(),
                     " Write variables: {", attribute.name(),
                     ": ...}, or caller_variables: [", attribute.name(),
                     "] if each StartAuthorization names another"));
  }
  return absl::OkStatus();
}

// --- endpoints and templates ------------------------------------------------

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
    return Wrong(provider,
                 absl::StrCat(field, " has ", names.status().message()));
  }
  for (const std::string& name : *names) {
    if (name == "client_id" || name == "redirect_uri") continue;
    const Attribute* attribute = FindAttribute(provider, name);
    if (attribute == nullptr) {
      return Wrong(provider,
                   absl::StrCat(field, " has {", name,
                                "}, which is no attribute of the preset"));
    }
    if (in_url && attribute->pattern().empty()) {
      return Wrong(provider, absl::StrCat(field, " has {", name,
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
  return Wrong(provider,
               absl::StrCat(field,
                            " must be an https:// URL (http:// only with "
                            "allow_loopback) without user, spaces or "
                            "fragment"));
}

absl::Status CheckEndpoints(const Settings& provider) {
  if (provider.issuer().empty() && (provider.authorization_endpoint().empty() ||
                                    provider.token_endpoint().empty())) {
    return Wrong(provider,
                 "write a preset, an issuer to discover, or "
                 "authorization_endpoint and token_endpoint");
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
    return Wrong(provider,
                 "revocation_request.endpoint is not to be set: write "
                 "revocation_endpoint");
  }
  return absl::OkStatus();
}

// --- shapes -----------------------------------------------------------------

absl::Status CheckNames(const Settings& provider, absl::string_view field,
                        const StringMap& names,
                        const std::set<absl::string_view>& known) {
  for (const auto& [name, other] : names) {
    if (known.count(name) == 0) {
      return Wrong(provider,
                   absl::StrCat(field, ".names cannot rename ", name, ", only ",
                                absl::StrJoin(known, ", ")));
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
      return Wrong(provider, absl::StrCat(field, ".params cannot set ", name,
                                          ", which the protocol sets"));
    }
    ABSL_RETURN_IF_ERROR(CheckTemplate(provider, absl::StrCat(field, ".params"),
                                       value, /*in_url=*/false));
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
      return Wrong(provider, "answer.named_tokens need name and at");
    }
  }
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
      return Wrong(provider, absl::StrCat("request_headers cannot set ", name));
    }
  }
  ABSL_RETURN_IF_ERROR(CheckTemplate(provider, "assertion.issuer",
                                     provider.assertion().issuer(), false));
  return CheckTemplate(provider, "assertion.audience",
                       provider.assertion().audience(), false);
}

absl::Status CheckAuthorizationParams(const Settings& provider) {
  for (const auto& [name, value] : provider.extra_authorization_params()) {
    if (IsProtocolParameter(name)) {
      return Wrong(provider,
                   absl::StrCat("extra_authorization_params cannot set ", name,
                                ", which the protocol sets"));
    }
  }
  for (const std::string& name : provider.allowed_extra_params()) {
    if (IsProtocolParameter(name)) {
      return Wrong(provider, absl::StrCat("allowed_extra_params cannot allow ",
                                          name, ", which the protocol sets"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckErrorRules(const Settings& provider) {
  for (const auto& rule : provider.error_rules()) {
    const bool states_something =
        !rule.error().empty() || !rule.error_code().empty() ||
        rule.status() != 0 || !rule.description().empty();
    if (!states_something ||
        rule.class_() == config::v1::ERROR_CLASS_UNSPECIFIED) {
      return Wrong(provider,
                   "an error rule needs error, error_code, status or "
                   "description, and class");
    }
    if (!IsPattern(rule.description())) {
      return Wrong(provider, absl::StrCat("an error rule has no proper pattern "
                                          "as description: ",
                                          rule.description()));
    }
  }
  return absl::OkStatus();
}

// --- times ------------------------------------------------------------------

absl::Status CheckLifetime(const Settings& provider, absl::string_view field,
                           bool has, const google::protobuf::Duration& time,
                           absl::Duration least, absl::Duration most) {
  if (!has || (FromProto(time) >= least && FromProto(time) <= most)) {
    return absl::OkStatus();
  }
  return Wrong(provider, absl::StrCat(field, " must be between ",
                                      absl::FormatDuration(least), " and ",
                                      absl::FormatDuration(most)));
}

absl::Status CheckTimes(const Settings& provider) {
  if ((provider.rotation() == config::v1::ROTATION_GRACE) !=
      provider.has_rotation_grace()) {
    return Wrong(provider, "rotation: grace and rotation_grace go together");
  }
  const config::v1::Refresh& refresh = provider.refresh();
  if ((refresh.mode() == config::v1::REFRESH_MODE_IDLE_TOUCH) !=
      refresh.has_idle_touch()) {
    return Wrong(provider,
                 "refresh: mode idle_touch and idle_touch go together");
  }
  if (refresh.has_idle_touch() && provider.has_idle_lifetime() &&
      FromProto(refresh.idle_touch()) >= FromProto(provider.idle_lifetime())) {
    return Wrong(provider,
                 "refresh.idle_touch must be shorter than idle_lifetime: a "
                 "grant that idles that long is over");
  }
  ABSL_RETURN_IF_ERROR(CheckLifetime(
      provider, "idle_lifetime", provider.has_idle_lifetime(),
      provider.idle_lifetime(), absl::Hours(1), kLongestLifetime));
  ABSL_RETURN_IF_ERROR(CheckLifetime(
      provider, "absolute_lifetime", provider.has_absolute_lifetime(),
      provider.absolute_lifetime(), absl::Hours(1), kLongestLifetime));
  ABSL_RETURN_IF_ERROR(
      CheckLifetime(provider, "refresh.least_age", refresh.has_least_age(),
                    refresh.least_age(), absl::Seconds(1), absl::Hours(9600)));
  ABSL_RETURN_IF_ERROR(CheckLifetime(
      provider, "answer.default_life", provider.answer().has_default_life(),
      provider.answer().default_life(), absl::Seconds(1), kLongestLifetime));
  return CheckLifetime(
      provider, "assertion.life", provider.assertion().has_life(),
      provider.assertion().life(), absl::Minutes(1), absl::Hours(24));
}

// A signature in requests of any kind needs the key that comes with the token
// endpoint's method.
absl::Status CheckMethods(const Settings& provider) {
  const auto is_signed = [](config::v1::ClientAuthMethod method) {
    return method == config::v1::CLIENT_AUTH_METHOD_PRIVATE_KEY_JWT ||
           method == config::v1::CLIENT_AUTH_METHOD_SIGNED_CLIENT_SECRET;
  };
  for (const config::v1::Request* request :
       {&provider.code_request(), &provider.refresh_request(),
        &provider.first_refresh_request(), &provider.revocation_request()}) {
    if (is_signed(request->auth_method()) &&
        !is_signed(provider.token_endpoint_auth_method())) {
      return Wrong(provider,
                   "a request signs and token_endpoint_auth_method does not");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckPreset(const Settings& preset, absl::string_view file_name) {
  const auto wrong = [&](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(file_name, ":1: ", what));
  };
  if (!IsName(preset.name())) return wrong("name is missing or malformed");
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  preset.GetReflection()->ListFields(preset, &fields);
  for (const auto* field : fields) {
    const bool is_preset_field = field->number() >= kFirstPresetField &&
                                 field->number() <= kLastPresetField;
    if (!is_preset_field && field->name() != "name") {
      return wrong(absl::StrCat("a preset cannot set ", field->name(),
                                ", which belongs to a registration"));
    }
  }
  if (preset.notes().sources().empty()) {
    return wrong("notes.sources is missing: where the provider says all this");
  }
  if (preset.pkce() == config::v1::PKCE_UNSUPPORTED &&
      preset.notes().pkce_source().empty()) {
    return wrong(
        "notes.pkce_source is missing: who leaves PKCE out says where the "
        "provider does");
  }
  return absl::OkStatus();
}

absl::Status CheckProvider(const Settings& provider) {
  ABSL_RETURN_IF_ERROR(CheckAttributes(provider));
  ABSL_RETURN_IF_ERROR(CheckEndpoints(provider));
  ABSL_RETURN_IF_ERROR(CheckVariables(provider));
  ABSL_RETURN_IF_ERROR(CheckShapes(provider));
  ABSL_RETURN_IF_ERROR(CheckAuthorizationParams(provider));
  ABSL_RETURN_IF_ERROR(CheckErrorRules(provider));
  ABSL_RETURN_IF_ERROR(CheckMethods(provider));
  return CheckTimes(provider);
}

std::vector<std::string> Doubts(const Settings& provider) {
  std::vector<std::string> doubts;
  const auto& needed = provider.refresh_token_scopes();
  const bool has_needed =
      needed.empty() ||
      std::any_of(needed.begin(), needed.end(), [&](const std::string& scope) {
        return Contains(provider.scopes(), scope);
      });
  if (!has_needed) {
    doubts.push_back(absl::StrCat(
        "provider ", provider.name(), ": its scopes lack ",
        absl::StrJoin(needed, " or "),
        ": without it no refresh token comes, and users must consent again "
        "whenever an access token ends"));
  }
  return doubts;
}

}  // namespace tokenbroker
