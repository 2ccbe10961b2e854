// SPDX-License-Identifier: Apache-2.0
#include "providers/catalogue.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/status_macros.h"
#include "broker/validation.h"
#include "broker/yaml_proto.h"
#include "providers/authorization_url.h"
#include "providers/url.h"

namespace tokenbroker {
namespace {

using Settings = config::v1::Provider;
using google::protobuf::FieldDescriptor;

// Fields from this number on are true of a provider for everybody.
constexpr int kFirstPresetField = 10;

std::vector<const FieldDescriptor*> SetFields(const Settings& provider) {
  std::vector<const FieldDescriptor*> fields;
  provider.GetReflection()->ListFields(provider, &fields);
  return fields;
}

absl::Status CheckPreset(const Settings& preset, absl::string_view file_name) {
  if (!IsName(preset.name())) {
    return absl::InvalidArgumentError(
        absl::StrCat(file_name, ":1: name is missing or malformed"));
  }
  for (const FieldDescriptor* field : SetFields(preset)) {
    if (field->number() < kFirstPresetField && field->name() != "name") {
      return absl::InvalidArgumentError(
          absl::StrCat(file_name, ":1: a preset cannot set ", field->name(),
                       ", which belongs to a registration"));
    }
  }
  return absl::OkStatus();
}

// What `provider` sets replaces what `preset` says, field by field.
Settings Merge(const Settings& preset, const Settings& provider) {
  Settings merged = preset;
  for (const FieldDescriptor* field : SetFields(provider)) {
    merged.GetReflection()->ClearField(&merged, field);
  }
  merged.MergeFrom(provider);
  return merged;
}

absl::Status Incomplete(const Settings& provider, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("provider ", provider.name(), ": ", what));
}

absl::Status CheckResolved(const Settings& provider) {
  if (provider.issuer().empty() && (provider.authorization_endpoint().empty() ||
                                    provider.token_endpoint().empty())) {
    return Incomplete(provider,
                      "write a preset, an issuer to discover, or "
                      "authorization_endpoint and token_endpoint");
  }
  const std::pair<const char*, const std::string&> urls[] = {
      {"issuer", provider.issuer()},
      {"authorization_endpoint", provider.authorization_endpoint()},
      {"token_endpoint", provider.token_endpoint()},
      {"revocation_endpoint", provider.revocation_endpoint()},
      {"userinfo_endpoint", provider.userinfo_endpoint()}};
  for (const auto& [field, url] : urls) {
    if (!url.empty() && !IsEndpointUrl(url, provider.allow_loopback())) {
      return Incomplete(
          provider,
          absl::StrCat(field,
                       " must be an https:// URL (http:// only with "
                       "allow_loopback) without user, spaces or fragment"));
    }
  }
  for (const auto& [name, value] : provider.extra_authorization_params()) {
    if (IsProtocolParameter(name)) {
      return Incomplete(
          provider, absl::StrCat("extra_authorization_params cannot set ", name,
                                 ", which the protocol sets"));
    }
  }
  for (const std::string& name : provider.allowed_extra_params()) {
    if (IsProtocolParameter(name)) {
      return Incomplete(provider,
                        absl::StrCat("allowed_extra_params cannot allow ", name,
                                     ", which the protocol sets"));
    }
  }
  for (const auto& rule : provider.error_rules()) {
    if ((rule.error().empty() && rule.error_code().empty()) ||
        rule.class_() == config::v1::ERROR_CLASS_UNSPECIFIED) {
      return Incomplete(provider,
                        "an error rule needs error or error_code, and class");
    }
  }
  if ((provider.rotation() == config::v1::ROTATION_GRACE) !=
      provider.has_rotation_grace()) {
    return Incomplete(provider,
                      "rotation: grace and rotation_grace go together");
  }
  if ((provider.refresh().mode() == config::v1::REFRESH_MODE_IDLE_TOUCH) !=
      provider.refresh().has_idle_touch()) {
    return Incomplete(provider,
                      "refresh: mode idle_touch and idle_touch go together");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Catalogue> Catalogue::Create(const std::vector<Row>& rows) {
  Catalogue catalogue;
  for (const Row& row : rows) {
    Settings preset;
    ABSL_RETURN_IF_ERROR(YamlToProto(row.yaml, row.file_name, &preset));
    ABSL_RETURN_IF_ERROR(CheckPreset(preset, row.file_name));
    const std::string name = preset.name();
    if (!catalogue.presets_.emplace(name, std::move(preset)).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(row.file_name, ":1: there is another preset ", name));
    }
  }
  return catalogue;
}

absl::StatusOr<Settings> Catalogue::Resolve(const Settings& configured) const {
  Settings resolved = configured;
  if (!configured.preset().empty()) {
    const auto preset = presets_.find(configured.preset());
    if (preset == presets_.end()) {
      return Incomplete(configured,
                        absl::StrCat("there is no such preset; there are ",
                                     absl::StrJoin(Names(), ", ")));
    }
    resolved = Merge(preset->second, configured);
  }
  ABSL_RETURN_IF_ERROR(CheckResolved(resolved));
  return resolved;
}

std::vector<std::string> Catalogue::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, preset] : presets_) names.push_back(name);
  return names;
}

}  // namespace tokenbroker
