// SPDX-License-Identifier: Apache-2.0
//
// tests/golden/NAME.yaml: what is sent to a provider, and what its answers
// mean.
#ifndef TOKENBROKER_TESTS_PROVIDERS_GOLDEN_FILE_H_
#define TOKENBROKER_TESTS_PROVIDERS_GOLDEN_FILE_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

struct GoldenTokens {
  std::string access_token;
  std::string refresh_token;  // empty: none
  std::string token_type = "Bearer";
  std::optional<int> expires_in;
  std::vector<std::string> scopes = {"asked"};
  std::map<std::string, std::string> attributes;
  std::map<std::string, GoldenTokens> named;
  std::optional<int> grant_expires_in;
};

struct GoldenAnswer {
  int status = 0;
  std::string content_type;
  std::string body;
  // One of these two.
  std::string outcome_class;
  std::optional<GoldenTokens> tokens;
};

struct GoldenFile {
  config::v1::Provider registration;
  std::map<std::string, std::string> attributes;
  std::map<std::string, std::string> extra_params;
  // Claims that a signed assertion has.
  std::map<std::string, std::string> assertion;
  std::string authorization_url;
  std::string code_request;
  std::string refresh_request;
  std::string first_refresh_request;
  std::string revoke_request;
  std::vector<GoldenAnswer> answers;
};

// kInvalidArgument names the key that is unknown, or what YAML says is wrong.
absl::StatusOr<GoldenFile> ReadGoldenFile(const std::string& yaml);

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_PROVIDERS_GOLDEN_FILE_H_
