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
#include "broker/validation.h"
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

// Can go into a header.
bool IsVisibleAscii(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isgraph(c);
  });
}

bool IsDigits(absl::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

absl::Time ExpireTime(const json& answer, absl::Time sent_time) {
  const auto member = answer.find("expires_in");
  if (member == answer.end()) return absl::InfiniteFuture();
  double seconds = 0;
  if (member->is_number()) {
    seconds = member->get<double>();
  } else if (const std::string text = StringMember(answer, "expires_in");
             !IsDigits(text) || !absl::SimpleAtod(text, &seconds)) {
    return absl::InfiniteFuture();
  }
  if (seconds <= 0) return absl::InfiniteFuture();
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
  scopes.erase(std::remove_if(scopes.begin(), scopes.end(),
                              [](const auto& s) { return !IsScope(s); }),
               scopes.end());
  if (scopes.size() > kMostScopes) scopes.resize(kMostScopes);
  return scopes;
}

Outcome Unknown(std::string detail) {
  return Outcome{.outcome_class = OutcomeClass::kUnknown,
                 .detail = std::move(detail)};
}

Outcome ReadTokens(const Settings& settings, json answer,
                   const ReadContext& context) {
  Secret access_token = TakeSecretMember(&answer, "access_token");
  // It goes only into bodies, which take any bytes: losing it to a whim of
  // ours would end the connection.
  Secret refresh_token = TakeSecretMember(&answer, "refresh_token");
  if (!IsVisibleAscii(access_token.Reveal()) ||
      access_token.Reveal().size() > kLongestToken) {
    return Unknown("no usable access_token");
  }
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
  tokens.access_token = std::move(access_token);
  if (!refresh_token.empty()) tokens.refresh_token = std::move(refresh_token);
  tokens.token_type = StringMember(answer, "token_type");
  if (!IsVisibleAscii(tokens.token_type) ||
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

// By the status of a refusal. One that names neither client nor grant
// (invalid_request, a bare 400) blames this one request: it is tried again
// later, and neither ends the connection nor suspends the provider.
OutcomeClass ClassOfStatus(int status) {
  if (status == 401) return OutcomeClass::kClientRejected;
  return OutcomeClass::kTransient;
}

OutcomeClass ClassOf(const Settings& settings, int status,
                     const std::string& error, const std::string& error_code) {
  for (const ErrorRule& rule : settings.error_rules()) {
    if (Matches(rule, error, error_code)) return FromRule(rule.class_());
  }
  // Behind a failing gateway or a redirect, what the body says may be somebody
  // else's word.
  const bool is_word_of_provider =
      status / 100 == 2 || status / 100 == 4 || status == 503;
  if (!is_word_of_provider) return OutcomeClass::kUnknown;
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
  std::optional<json> answer = ParseJsonObject(response.body.Reveal());
  const bool ok = response.status >= 200 && response.status < 300;
  const bool says_error =
      answer.has_value() && !StringMember(*answer, "error").empty();
  if (!ok || says_error) {
    return ReadError(settings, response, answer, context.sent_time);
  }
  if (!answer.has_value()) return Unknown("not a JSON object");
  return ReadTokens(settings, *std::move(answer), context);
}

}  // namespace tokenbroker
