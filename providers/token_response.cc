// SPDX-License-Identifier: Apache-2.0
#include "providers/token_response.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "broker/oauth_error.h"
#include "providers/id_token.h"
#include "providers/json.h"
#include "providers/retry_after.h"

namespace tokenbroker {
namespace {

using config::v1::ErrorClass;
using config::v1::ErrorRule;
using Settings = config::v1::Provider;
using nlohmann::json;

constexpr size_t kLongestToken = 16384;
constexpr size_t kLongestTokenType = 64;
constexpr size_t kMostScopes = 1000;
constexpr double kLongestLife = 10 * 365.0 * 24 * 3600;

// A token goes into headers: visible ASCII only.
bool IsToken(absl::string_view text) {
  return !text.empty() && text.size() <= kLongestToken &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isgraph(c); });
}

absl::Time ExpireTime(const json& answer, absl::Time sent_time) {
  const auto member = answer.find("expires_in");
  if (member == answer.end()) return absl::InfiniteFuture();
  double seconds = 0;
  if (member->is_number()) {
    seconds = member->get<double>();
  } else if (!member->is_string() ||
             !absl::SimpleAtod(member->get<std::string>(), &seconds)) {
    return absl::InfiniteFuture();
  }
  // Also false for NaN.
  if (!(seconds > 0)) return absl::InfiniteFuture();
  return sent_time + absl::Seconds(std::min(seconds, kLongestLife));
}

std::vector<std::string> Scopes(const json& answer,
                                const std::vector<std::string>& asked) {
  const auto member = answer.find("scope");
  if (member == answer.end()) return asked;
  std::vector<std::string> scopes;
  if (member->is_string()) {
    scopes = absl::StrSplit(member->get<std::string>(), absl::ByAnyChar(" ,"),
                            absl::SkipEmpty());
  } else if (member->is_array()) {
    for (const json& entry : *member) {
      if (entry.is_string()) scopes.push_back(entry.get<std::string>());
    }
  } else {
    return asked;
  }
  if (scopes.size() > kMostScopes) scopes.resize(kMostScopes);
  return scopes;
}

Outcome Unknown(std::string detail) {
  return Outcome{.outcome_class = OutcomeClass::kUnknown,
                 .detail = std::move(detail)};
}

Outcome ReadTokens(const Settings& settings, const json& answer,
                   const ReadContext& context) {
  std::string access_token = StringMember(answer, "access_token");
  if (!IsToken(access_token)) return Unknown("no usable access_token");
  Outcome outcome{.outcome_class = OutcomeClass::kSuccess};
  TokenSet& tokens = outcome.tokens.emplace();
  if (context.code_exchange && !context.nonce.empty()) {
    auto account = ReadIdToken(StringMember(answer, "id_token"),
                               {.issuer = settings.issuer(),
                                .client_id = settings.client_id(),
                                .nonce = context.nonce,
                                .now = context.sent_time});
    if (!account.ok()) {
      return Unknown(absl::StrCat("ID token ", account.status().message()));
    }
    tokens.account = *std::move(account);
  }
  tokens.access_token = Secret::Take(&access_token);
  std::string refresh_token = StringMember(answer, "refresh_token");
  if (IsToken(refresh_token)) {
    tokens.refresh_token = Secret::Take(&refresh_token);
  }
  tokens.token_type = StringMember(answer, "token_type");
  if (!IsToken(tokens.token_type) ||
      tokens.token_type.size() > kLongestTokenType) {
    tokens.token_type = "Bearer";
  }
  tokens.expire_time = ExpireTime(answer, context.sent_time);
  tokens.scopes = Scopes(answer, context.scopes);
  return outcome;
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

bool Matches(const ErrorRule& rule, const std::string& error,
             const std::string& error_code) {
  return (rule.error().empty() || rule.error() == error) &&
         (rule.error_code().empty() || rule.error_code() == error_code);
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

// By status alone. A refusal that names neither client nor grant
// (invalid_request, a bare 400) blames this one request: it is tried again
// later, and neither ends the connection nor suspends the provider.
OutcomeClass ClassOfStatus(int status) {
  if (status == 401) return OutcomeClass::kClientRejected;
  if (status == 503 || (status >= 400 && status < 500)) {
    return OutcomeClass::kTransient;
  }
  // An error in an answer of 200 is a refusal too.
  if (status >= 200 && status < 300) return OutcomeClass::kTransient;
  return OutcomeClass::kUnknown;
}

OutcomeClass ClassOf(const Settings& settings, int status,
                     const std::string& error, const std::string& error_code) {
  for (const ErrorRule& rule : settings.error_rules()) {
    if (Matches(rule, error, error_code)) return FromRule(rule.class_());
  }
  // Behind a failing gateway, what the body says may be somebody else's word.
  if (status >= 500 && status != 503) return OutcomeClass::kUnknown;
  if (status == 429 || status == 503) return OutcomeClass::kTransient;
  return ClassOfError(error).value_or(ClassOfStatus(status));
}

Outcome ReadError(const Settings& settings, const HttpResponse& response,
                  const std::optional<json>& answer, absl::Time now) {
  std::string error;
  std::string error_code;
  if (answer.has_value()) {
    error = StringMember(*answer, "error");
    error_code = StringMember(*answer, "error_code");
  }
  Outcome outcome;
  outcome.outcome_class = ClassOf(settings, response.status, error, error_code);
  if (!error.empty()) {
    outcome.provider_error = std::string(RegisteredErrorOrOther(error));
  }
  outcome.retry_after = ParseRetryAfter(response.retry_after, now);
  outcome.detail = absl::StrCat("status ", response.status,
                                answer.has_value() ? "" : " without JSON");
  return outcome;
}

}  // namespace

Outcome ReadTokenResponse(const Settings& settings,
                          const HttpResponse& response,
                          const ReadContext& context) {
  const std::optional<json> answer = ParseJsonObject(response.body.Reveal());
  const bool ok = response.status >= 200 && response.status < 300;
  const bool says_error =
      answer.has_value() && !StringMember(*answer, "error").empty();
  if (!ok || says_error) {
    return ReadError(settings, response, answer, context.sent_time);
  }
  if (!answer.has_value()) return Unknown("not a JSON object");
  return ReadTokens(settings, *answer, context);
}

}  // namespace tokenbroker
