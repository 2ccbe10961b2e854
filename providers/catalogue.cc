// SPDX-License-Identifier: Apache-2.0
#include "providers/catalogue.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/files.h"
#include "broker/status_macros.h"
#include "broker/yaml_proto.h"
#include "providers/provider_check.h"
#include "providers/provider_error.h"
#include "providers/template.h"

namespace tokenbroker {
namespace {

using Settings = config::v1::Provider;
using google::protobuf::FieldDescriptor;

std::vector<const FieldDescriptor*> SetFields(const Settings& provider) {
  std::vector<const FieldDescriptor*> fields;
  provider.GetReflection()->ListFields(provider, &fields);
  return fields;
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

// The issuer is compared, so it is known from the start.
absl::Status ExpandIssuer(Settings* provider) {
  if (provider->issuer().empty()) return absl::OkStatus();
  ABSL_ASSIGN_OR_RETURN(const auto names, NamesIn(provider->issuer()));
  for (const std::string& name : provider->caller_variables()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    return ProviderError(*provider,
                         absl::StrCat("caller_variables: ", name,
                                      " stands in the issuer, which is one for "
                                      "all; name it in variables, and make a "
                                      "provider for each"));
  }
  const auto issuer = ExpandUrl(*provider, provider->issuer(), {});
  if (!issuer.ok()) {
    return ProviderError(*provider,
                         absl::StrCat("issuer: ", issuer.status().message(),
                                      "; variables must say it"));
  }
  provider->set_issuer(*issuer);
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

absl::StatusOr<Catalogue> Catalogue::Load(const std::string& directory) {
  std::vector<Row> rows = EmbeddedRows();
  if (directory.empty()) return Create(rows);
  std::vector<std::string> paths;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end;
       !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".yaml") paths.push_back(entry->path());
  }
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("preset_directory ", directory, ": ", error.message()));
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    ABSL_ASSIGN_OR_RETURN(std::string yaml, ReadFile(path));
    rows.push_back({path, std::move(yaml)});
  }
  return Create(rows);
}

absl::StatusOr<const Settings*> Catalogue::Find(const std::string& name) const {
  const auto preset = presets_.find(name);
  if (preset != presets_.end()) return &preset->second;
  std::vector<std::string> similar;
  for (const auto& [other, unused] : presets_) {
    if (absl::StrContains(other, absl::AsciiStrToLower(name))) {
      similar.push_back(other);
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "there is no preset ", name,
      similar.empty()
          ? ""
          : absl::StrCat(" (is it ", absl::StrJoin(similar, " or "), "?)"),
      "; `token-broker providers` lists those there are"));
}

absl::StatusOr<Settings> Catalogue::Resolve(const Settings& configured) const {
  Settings resolved = configured;
  if (!configured.preset().empty()) {
    const auto preset = Find(configured.preset());
    if (!preset.ok()) {
      return ProviderError(configured, preset.status().message());
    }
    resolved = Merge(**preset, configured);
  }
  ABSL_RETURN_IF_ERROR(CheckProvider(resolved));
  ABSL_RETURN_IF_ERROR(ExpandIssuer(&resolved));
  return resolved;
}

std::vector<std::string> Catalogue::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, preset] : presets_) names.push_back(name);
  return names;
}

}  // namespace tokenbroker
