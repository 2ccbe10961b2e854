// SPDX-License-Identifier: Apache-2.0
#include "providers/provider_check.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/proto_time.h"
#include "broker/status_macros.h"
#include "broker/validation.h"
#include "providers/attribute_check.h"
#include "providers/client_credentials.h"
#include "providers/pattern.h"
#include "providers/provider_error.h"
#include "providers/shape_check.h"

namespace tokenbroker {
namespace {

using Settings = config::v1::Provider;

// Fields of these numbers are true of a provider for everybody.
constexpr int kFirstPresetField = 10;
constexpr int kLastPresetField = 99;

constexpr absl::Duration kLongestLifetime = absl::Hours(96000);

template <typename Range>
bool Contains(const Range& range, absl::string_view value) {
  return std::find(range.begin(), range.end(), value) != range.end();
}

absl::Status CheckErrorRules(const Settings& provider) {
  for (const auto& rule : provider.error_rules()) {
    const bool states_something =
        !rule.error().empty() || !rule.error_code().empty() ||
        rule.status() != 0 || !rule.description().empty();
    if (!states_something ||
        rule.class_() == config::v1::ERROR_CLASS_UNSPECIFIED) {
      return ProviderError(provider,
                           "an error rule needs error, error_code, status or "
                           "description, and class");
    }
    if (!IsPattern(rule.description())) {
      return ProviderError(provider,
                           absl::StrCat("an error rule has no proper pattern "
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
  return ProviderError(
      provider,
      absl::StrCat(field, " must be between ", absl::FormatDuration(least),
                   " and ", absl::FormatDuration(most)));
}

absl::Status CheckTimes(const Settings& provider) {
  if ((provider.rotation() == config::v1::ROTATION_GRACE) !=
      provider.has_rotation_grace()) {
    return ProviderError(provider,
                         "rotation: grace and rotation_grace go together");
  }
  const config::v1::Refresh& refresh = provider.refresh();
  if ((refresh.mode() == config::v1::REFRESH_MODE_IDLE_TOUCH) !=
      refresh.has_idle_touch()) {
    return ProviderError(provider,
                         "refresh: mode idle_touch and idle_touch go together");
  }
  if (refresh.has_idle_touch() && provider.has_idle_lifetime() &&
      FromProto(refresh.idle_touch()) >= FromProto(provider.idle_lifetime())) {
    return ProviderError(
        provider,
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
  for (const config::v1::Request* request :
       {&provider.code_request(), &provider.refresh_request(),
        &provider.first_refresh_request(), &provider.revocation_request()}) {
    if (IsSigned(request->auth_method()) &&
        !IsSigned(provider.token_endpoint_auth_method())) {
      return ProviderError(
          provider, "a request signs and token_endpoint_auth_method does not");
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
  ABSL_RETURN_IF_ERROR(CheckErrorRules(provider));
  ABSL_RETURN_IF_ERROR(CheckMethods(provider));
  return CheckTimes(provider);
}

std::vector<std::string> Warnings(const Settings& provider) {
  std::vector<std::string> warnings;
  const auto& needed = provider.refresh_token_scopes();
  const bool has_needed =
      needed.empty() ||
      std::any_of(needed.begin(), needed.end(), [&](const std::string& scope) {
        return Contains(provider.scopes(), scope);
      });
  if (!has_needed) {
    warnings.push_back(absl::StrCat(
        "provider ", provider.name(), ": its scopes lack ",
        absl::StrJoin(needed, " or "),
        ": without it no refresh token comes, and users must consent again "
        "whenever an access token ends"));
  }
  if (provider.refresh().mode() == config::v1::REFRESH_MODE_ON_DEMAND &&
      provider.has_idle_lifetime()) {
    warnings.push_back(absl::StrCat(
        "provider ", provider.name(),
        ": refresh mode on_demand lets a grant end that nobody uses for ",
        absl::FormatDuration(FromProto(provider.idle_lifetime())),
        "; refresh: {mode: idle_touch, idle_touch: ...} keeps it"));
  }
  return warnings;
}

}  // namespace tokenbroker
