// SPDX-License-Identifier: Apache-2.0
#include "tests/providers/golden_file.h"

#include <yaml-cpp/yaml.h>

#include <functional>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "broker/yaml_proto.h"

namespace tokenbroker {
namespace {

using Strings = std::map<std::string, std::string>;
using Readers =
    std::map<std::string, std::function<void(const YAML::Node& value)>>;

// Reads each member with the reader of its name.
void Read(const YAML::Node& node, const Readers& readers) {
  for (const auto& member : node) {
    const auto name = member.first.as<std::string>();
    const auto reader = readers.find(name);
    if (reader == readers.end()) {
      throw std::runtime_error(absl::StrCat("unknown key ", name));
    }
    reader->second(member.second);
  }
}

template <typename T>
std::function<void(const YAML::Node&)> To(T* target) {
  return [target](const YAML::Node& value) { *target = value.as<T>(); };
}

template <typename T>
std::function<void(const YAML::Node&)> To(std::optional<T>* target) {
  return [target](const YAML::Node& value) { *target = value.as<T>(); };
}

GoldenTokens ReadTokens(const YAML::Node& node) {
  GoldenTokens tokens;
  Read(node, {{"access_token", To(&tokens.access_token)},
              {"refresh_token", To(&tokens.refresh_token)},
              {"token_type", To(&tokens.token_type)},
              {"expires_in", To(&tokens.expires_in)},
              {"scopes", To(&tokens.scopes)},
              {"attributes", To(&tokens.attributes)},
              {"named",
               [&tokens](const YAML::Node& value) {
                 for (const auto& pair : value) {
                   tokens.named[pair.first.as<std::string>()] =
                       ReadTokens(pair.second);
                 }
               }},
              {"grant_expires_in", To(&tokens.grant_expires_in)}});
  return tokens;
}

GoldenAnswer ReadAnswer(const YAML::Node& node) {
  GoldenAnswer answer;
  Read(node, {{"status", To(&answer.status)},
              {"content_type", To(&answer.content_type)},
              {"body", To(&answer.body)},
              {"class", To(&answer.outcome_class)},
              {"tokens", [&answer](const YAML::Node& value) {
                 answer.tokens = ReadTokens(value);
               }}});
  return answer;
}

GoldenFile ReadFile(const YAML::Node& node) {
  GoldenFile file;
  Read(node, {{"registration",
               [&file](const YAML::Node& value) {
                 const absl::Status status = YamlToProto(
                     YAML::Dump(value), "registration", &file.registration);
                 if (!status.ok()) {
                   throw std::runtime_error(std::string(status.message()));
                 }
               }},
              {"attributes", To(&file.attributes)},
              {"extra_params", To(&file.extra_params)},
              {"assertion", To(&file.assertion)},
              {"authorization_url", To(&file.authorization_url)},
              {"code_request", To(&file.code_request)},
              {"refresh_request", To(&file.refresh_request)},
              {"first_refresh_request", To(&file.first_refresh_request)},
              {"revoke_request", To(&file.revoke_request)},
              {"answers", [&file](const YAML::Node& value) {
                 for (const YAML::Node& answer : value) {
                   file.answers.push_back(ReadAnswer(answer));
                 }
               }}});
  return file;
}

}  // namespace

absl::StatusOr<GoldenFile> ReadGoldenFile(const std::string& yaml) {
  try {
    return ReadFile(YAML::Load(yaml));
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(error.what());
  }
}

}  // namespace tokenbroker
