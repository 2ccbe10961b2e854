// SPDX-License-Identifier: Apache-2.0
#include "providers/token_response.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "broker/proto_time.h"
#include "broker/validation.h"
#include "providers/attributes.h"
#include "providers/error_answer.h"
#include "providers/form.h"
#include "providers/id_token.h"
#include "providers/json.h"

namespace tokenbroker {
namespace {

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

// What the provider calls the member that RFC 6749 calls `name`; empty: it has
// none.
std::string NameOf(const Settings& settings, const char* name) {
  const auto other = settings.answer().names().find(name);
  return other == settings.answer().names().end() ? name : other->second;
}

// The member's seconds; nothing if there is no such number, or none above zero.
std::optional<double> Seconds(const json& answer, const std::string& name) {
  const auto member = answer.find(name);
  if (member == answer.end()) return std::nullopt;
  double seconds = 0;
  if (member->is_number()) {
    seconds = member->get<double>();
  } else if (const std::string text = StringMember(answer, name.c_str());
             !IsDigits(text) || !absl::SimpleAtod(text, &seconds)) {
    return std::nullopt;
  }
  if (seconds <= 0) return std::nullopt;
  return seconds;
}

// A point in time, in seconds since 1970 or by RFC 3339.
std::optional<absl::Time> PointInTime(const json& answer,
                                      const std::string& name) {
  if (const auto seconds = Seconds(answer, name)) {
    return absl::UnixEpoch() + absl::Seconds(*seconds);
  }
  absl::Time time;
  const std::string text = StringMember(answer, name.c_str());
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) {
    return std::nullopt;
  }
  return time;
}

absl::Time After(absl::Time sent_time, double seconds) {
  return sent_time + absl::Seconds(std::min(seconds, kLongestLife));
}

absl::Time ExpireTime(const Settings& settings, const json& answer,
                      absl::Time sent_time) {
  const config::v1::Answer& shape = settings.answer();
  if (const auto end = PointInTime(answer, shape.expires_at());
      !shape.expires_at().empty() && end.has_value() && *end > sent_time) {
    return std::min(*end, After(sent_time, kLongestLife));
  }
  const auto seconds = Seconds(answer, NameOf(settings, "expires_in"));
  if (seconds.has_value()) return After(sent_time, *seconds);
  if (shape.has_default_life()) {
    return sent_time + FromProto(shape.default_life());
  }
  return absl::InfiniteFuture();
}

std::vector<std::string> SplitScopes(const Settings& settings,
                                     const std::string& text) {
  const std::string& separator = settings.answer().scope_separator();
  if (!separator.empty()) {
    return absl::StrSplit(text, separator, absl::SkipEmpty());
  }
  return absl::StrSplit(text, absl::ByAnyChar(" ,"), absl::SkipEmpty());
}

std::vector<std::string> Scopes(const Settings& settings, const json& answer,
                                const std::vector<std::string>& asked) {
  const auto member = answer.find(NameOf(settings, "scope"));
  if (member == answer.end()) return asked;
  std::vector<std::string> scopes;
  if (member->is_string()) {
    scopes = SplitScopes(settings, member->get<std::string>());
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

// The pair of tokens in `answer`; nothing if it has no usable access token.
std::optional<TokenSet> TakePair(const Settings& settings, json* answer,
                                 const ReadContext& context) {
  if (!answer->is_object()) return std::nullopt;
  TokenSet tokens;
  tokens.access_token =
      TakeSecretMember(answer, NameOf(settings, "access_token"));
  // It goes only into bodies, which take any bytes: losing it to a whim of
  // ours would end the connection.
  Secret refresh_token =
      TakeSecretMember(answer, NameOf(settings, "refresh_token"));
  if (!IsVisibleAscii(tokens.access_token.Reveal()) ||
      tokens.access_token.Reveal().size() > kLongestToken) {
    return std::nullopt;
  }
  if (settings.refresh().mode() == config::v1::REFRESH_MODE_EXCHANGE) {
    refresh_token = tokens.access_token.Clone();
  }
  if (!refresh_token.empty()) tokens.refresh_token = std::move(refresh_token);
  tokens.token_type =
      StringMember(*answer, NameOf(settings, "token_type").c_str());
  if (!IsVisibleAscii(tokens.token_type) ||
      tokens.token_type.size() > kLongestTokenType) {
    tokens.token_type = "Bearer";
  }
  tokens.expire_time = ExpireTime(settings, *answer, context.sent_time);
  tokens.scopes = Scopes(settings, *answer, context.scopes);
  const std::string& end = settings.answer().grant_expires_in();
  if (const auto seconds = Seconds(*answer, end); seconds && !end.empty()) {
    tokens.grant_expire_time = After(context.sent_time, *seconds);
  }
  return tokens;
}

// All pairs in the answer, in the first; nothing if there is none.
std::optional<TokenSet> TakePairs(const Settings& settings, json* answer,
                                  const ReadContext& context) {
  std::optional<TokenSet> main;
  std::vector<NamedTokenSet> named;
  const auto take = [&](const std::string& path) -> std::optional<TokenSet> {
    json* at = MutableMemberAt(answer, path);
    return at == nullptr ? std::nullopt : TakePair(settings, at, context);
  };
  const auto& places = settings.answer().tokens_at();
  if (places.empty()) main = take("");
  for (const std::string& place : places) {
    if (!main.has_value()) main = take(place == "." ? "" : place);
  }
  for (const auto& further : settings.answer().named_tokens()) {
    std::optional<TokenSet> tokens = take(further.at());
    if (!tokens.has_value()) continue;
    if (!main.has_value()) {
      main = std::move(tokens);
    } else {
      named.push_back({further.name(), *std::move(tokens)});
    }
  }
  if (main.has_value()) main->named = std::move(named);
  return main;
}

// Who the user is, if the answer has to say it or does. An error if what it
// says cannot be believed.
absl::StatusOr<v1::Account> ReadAccount(const Settings& settings,
                                        const json& answer,
                                        const ReadContext& context) {
  const std::string id_token = StringMember(answer, "id_token");
  const bool expected = !context.nonce.empty();
  const bool read_anyway =
      settings.id_token() == config::v1::ID_TOKEN_WITHOUT_NONCE &&
      !id_token.empty();
  if (!context.code_exchange || (!expected && !read_anyway)) {
    return v1::Account();
  }
  return ReadIdToken(id_token, {.issuer = settings.issuer(),
                                .client_id = settings.client_id(),
                                .nonce = context.nonce,
                                .now = context.sent_time});
}

Outcome ReadTokens(const Settings& settings, json answer,
                   const ReadContext& context) {
  std::optional<TokenSet> tokens = TakePairs(settings, &answer, context);
  if (!tokens.has_value()) return Unknown("no usable access_token");
  absl::StatusOr<v1::Account> account = ReadAccount(settings, answer, context);
  if (!account.ok()) {
    return Unknown(absl::StrCat("ID token ", account.status().message()));
  }
  tokens->account = *std::move(account);
  tokens->attributes = ReadAnswerAttributes(settings, answer);
  Outcome outcome{.outcome_class = OutcomeClass::kSuccess};
  outcome.tokens = std::move(tokens);
  return outcome;
}

// The body as an object, whether it is JSON or a form.
std::optional<json> ParseAnswer(const HttpResponse& response) {
  if (!absl::StartsWithIgnoreCase(response.content_type,
                                  "application/x-www-form-urlencoded")) {
    return ParseJsonObject(response.body.Reveal());
  }
  json object = json::object();
  for (auto& [name, value] : ParseForm(response.body.Reveal())) {
    object[name] = std::move(value);
  }
  return object;
}

}  // namespace

Outcome ReadTokenResponse(const Settings& settings,
                          const HttpResponse& response,
                          const ReadContext& context) {
  std::optional<json> answer = ParseAnswer(response);
  const bool ok = response.status >= 200 && response.status < 300;
  if (ok && !answer.has_value()) return Unknown("not a JSON object");
  if (ok && !SaysError(settings, *answer)) {
    return ReadTokens(settings, *std::move(answer), context);
  }
  Outcome refusal = ReadErrorAnswer(settings, response,
                                    answer.has_value() ? &*answer : nullptr,
                                    context.sent_time);
  if (!ok || IsKnownError(settings, response.status, *answer)) return refusal;
  // A word that nobody knows must not cost the tokens beside it: the refresh
  // token among them may be the only one that still works.
  Outcome outcome = ReadTokens(settings, *std::move(answer), context);
  return outcome.outcome_class == OutcomeClass::kSuccess ? std::move(outcome)
                                                         : std::move(refusal);
}

}  // namespace tokenbroker
