// SPDX-License-Identifier: Apache-2.0
#include "providers/error_answer.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "broker/oauth_error.h"
#include "providers/pattern.h"
#include "providers/retry_after.h"

namespace tokenbroker {
namespace {

using config::v1::ErrorClass;
using config::v1::ErrorRule;
using Settings = config::v1::Provider;

std::string Or(const std::string& path, const char* standard) {
  return path.empty() ? standard : path;
}

// What an error rule looks at.
struct Evidence {
  int status = 0;
  std::string error;
  std::string error_code;
  std::string description;
};

// A text, or a number's digits: what a code or a sentence is.
std::string WordsAt(const nlohmann::json& answer, const std::string& path) {
  const nlohmann::json* member = MemberAt(answer, path);
  return member != nullptr && member->is_structured() ? ""
                                                      : TextAt(answer, path);
}

std::string ErrorOf(const Settings& settings, const nlohmann::json& answer) {
  std::string error =
      WordsAt(answer, Or(settings.answer().error_at(), "error"));
  // Many say in every answer that there is no error.
  if (error == "0") error.clear();
  return error;
}

Evidence EvidenceOf(const Settings& settings, int status,
                    const nlohmann::json* answer) {
  Evidence evidence{.status = status};
  if (answer == nullptr) return evidence;
  const config::v1::Answer& shape = settings.answer();
  evidence.error = ErrorOf(settings, *answer);
  evidence.error_code =
      WordsAt(*answer, Or(shape.error_code_at(), "error_code"));
  evidence.description =
      WordsAt(*answer, Or(shape.error_description_at(), "error_description"));
  return evidence;
}

bool Matches(const ErrorRule& rule, const Evidence& evidence) {
  return (rule.error().empty() || rule.error() == evidence.error) &&
         (rule.error_code().empty() ||
          rule.error_code() == evidence.error_code) &&
         (rule.status() == 0 || rule.status() == evidence.status) &&
         (rule.description().empty() ||
          IsFoundIn(rule.description(), evidence.description));
}

const ErrorRule* FindRule(const Settings& settings, const Evidence& evidence) {
  for (const ErrorRule& rule : settings.error_rules()) {
    if (Matches(rule, evidence)) return &rule;
  }
  return nullptr;
}

OutcomeClass FromRule(ErrorClass error_class) {
  switch (error_class) {
    case config::v1::ERROR_CLASS_TRANSIENT:
      return OutcomeClass::kTransient;
    case config::v1::ERROR_CLASS_GRANT_DEAD:
      return OutcomeClass::kGrantDead;
    case config::v1::ERROR_CLASS_CLIENT_REJECTED:
      return OutcomeClass::kClientRejected;
    default:
      return OutcomeClass::kUnknown;
  }
}

// What an OAuth error code says by itself; nothing for one that says nothing.
std::optional<OutcomeClass> ClassOfError(absl::string_view error) {
  if (error == "invalid_grant") return OutcomeClass::kGrantDead;
  if (error == "invalid_client" || error == "unauthorized_client" ||
      error == "unsupported_grant_type") {
    return OutcomeClass::kClientRejected;
  }
  return std::nullopt;
}

// By the status of a refusal. One that names neither client nor grant
// (invalid_request, a bare 400) blames this one request: it is tried again
// later, and neither ends the connection nor suspends the provider.
OutcomeClass ClassOfStatus(int status) {
  if (status == 401) return OutcomeClass::kClientRejected;
  return OutcomeClass::kTransient;
}

OutcomeClass ClassWithoutRule(const Evidence& evidence) {
  // Behind a failing gateway or a redirect, what the body says may be somebody
  // else's word.
  const int status = evidence.status;
  const bool is_word_of_provider =
      status / 100 == 2 || status / 100 == 4 || status == 503;
  if (!is_word_of_provider) return OutcomeClass::kUnknown;
  if (status == 429 || status == 503) return OutcomeClass::kTransient;
  return ClassOfError(evidence.error).value_or(ClassOfStatus(status));
}

// The finest code that can be repeated.
std::string SafeError(const ErrorRule* rule, const Evidence& evidence) {
  if (rule != nullptr && !rule->error_code().empty()) return rule->error_code();
  if (rule != nullptr && !rule->error().empty()) return rule->error();
  if (evidence.error.empty()) return "";
  return std::string(RegisteredErrorOrOther(evidence.error));
}

}  // namespace

bool SaysError(const Settings& settings, const nlohmann::json& answer) {
  return !ErrorOf(settings, answer).empty();
}

bool IsKnownError(const Settings& settings, int status,
                  const nlohmann::json& answer) {
  const Evidence evidence = EvidenceOf(settings, status, &answer);
  return FindRule(settings, evidence) != nullptr ||
         RegisteredErrorOrOther(evidence.error) == evidence.error;
}

Outcome ReadErrorAnswer(const Settings& settings, const HttpResponse& response,
                        const nlohmann::json* answer, absl::Time now) {
  const Evidence evidence = EvidenceOf(settings, response.status, answer);
  const ErrorRule* rule = FindRule(settings, evidence);
  return Outcome{
      .outcome_class = rule != nullptr ? FromRule(rule->class_())
                                       : ClassWithoutRule(evidence),
      .retry_after = ParseRetryAfter(response.retry_after, now),
      .provider_error = SafeError(rule, evidence),
      .detail = absl::StrCat("status ", response.status,
                             answer == nullptr ? " without JSON" : "")};
}

}  // namespace tokenbroker
