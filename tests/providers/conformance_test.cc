// SPDX-License-Identifier: Apache-2.0
//
// What every preset sends, and how it reads what its provider documents: the
// files in tests/golden/, which were written by the documents and not by what
// the product does.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "providers/catalogue.h"
#include "providers/oauth2_provider.h"
#include "tests/providers/golden_file.h"
#include "tests/storage/temp_dir.h"

namespace tokenbroker {
namespace {

using nlohmann::json;
using Settings = config::v1::Provider;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
// The pair of RFC 7636 Appendix B.
constexpr char kVerifier[] = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr char kChallenge[] = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
constexpr char kRedirectUri[] = "https://app.example.com/oauth/callback?a=b";

const Catalogue& Presets() {
  static const auto* const catalogue =
      new Catalogue(*Catalogue::Create(Catalogue::EmbeddedRows()));
  return *catalogue;
}

// The inverse of form-url-encoding, written without the product's encoder.
std::string Decode(absl::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      decoded += static_cast<char>(
          std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs FormPairs(absl::string_view form) {
  Pairs pairs;
  for (const absl::string_view parameter :
       absl::StrSplit(form, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(parameter, absl::MaxSplits('=', 1));
    pairs.emplace_back(Decode(pair.first), Decode(pair.second));
  }
  return pairs;
}

Pairs JsonPairs(absl::string_view text) {
  Pairs pairs;
  const auto object =
      nlohmann::ordered_json::parse(text.begin(), text.end(), nullptr, false);
  for (const auto& [name, value] : object.items()) {
    pairs.emplace_back(name, value.get<std::string>());
  }
  return pairs;
}

class ConformanceTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const std::string path =
        absl::StrCat(TOKENBROKER_GOLDEN_DIR, "/", GetParam(), ".yaml");
    ASSERT_TRUE(std::filesystem::exists(path)) << path << " is missing";
    auto golden = ReadGoldenFile(ReadBytes(path));
    ASSERT_TRUE(golden.ok()) << path << ": " << golden.status();
    golden_ = *std::move(golden);
    Settings configured = golden_.registration;
    configured.set_name("mine");
    configured.set_preset(GetParam());
    configured.set_client_id("the-client");
    if (configured.redirect_uris().empty()) {
      configured.add_redirect_uris(kRedirectUri);
    }
    const auto resolved = Presets().Resolve(configured);
    ASSERT_TRUE(resolved.ok()) << resolved.status();
    settings_ = *resolved;
  }

  OAuth2Provider Provider() { return Provider(settings_); }
  OAuth2Provider Provider(const Settings& settings) {
    ClientCredentials credentials{.secret = Secret("the&secret")};
    if (IsSigned(settings.token_endpoint_auth_method())) {
      credentials.key = *SigningKey::FromPem(Key());
    }
    return {settings, std::move(credentials)};
  }
  Secret Key() {
    if (!std::filesystem::exists(dir_ / "key.pem")) {
      EXPECT_EQ(
          std::system(absl::StrCat("openssl genpkey -algorithm EC -pkeyopt "
                                   "ec_paramgen_curve:P-256 -out ",
                                   dir_ / "key.pem", " 2> /dev/null")
                          .c_str()),
          0);
    }
    return Secret(ReadBytes(dir_ / "key.pem"));
  }

  // `{assertion}` for a JWT whose claims are what the file says.
  std::string Shown(const std::string& value) {
    const std::vector<std::string> parts = absl::StrSplit(value, '.');
    std::string header;
    std::string claims;
    if (parts.size() != 3 || !absl::WebSafeBase64Unescape(parts[0], &header) ||
        !absl::WebSafeBase64Unescape(parts[1], &claims) ||
        !absl::StartsWith(header, "{")) {
      return value;
    }
    const json object = json::parse(claims);
    EXPECT_EQ(object["sub"], "the-client");
    EXPECT_FALSE(golden_.assertion.empty()) << "assertion: {iss, aud} missing";
    for (const auto& [name, expected] : golden_.assertion) {
      EXPECT_EQ(object[name], expected) << name;
    }
    return "{assertion}";
  }

  std::string Lines(const Pairs& pairs) {
    std::string lines;
    for (const auto& [name, value] : pairs) {
      absl::StrAppend(&lines, name, "=", Shown(value), "\n");
    }
    return lines;
  }

  std::string Text(const absl::StatusOr<HttpRequest>& request) {
    if (!request.ok()) return request.status().ToString();
    const std::pair<std::string, std::string> url =
        absl::StrSplit(request->url, absl::MaxSplits('?', 1));
    std::string text = absl::StrCat(request->method, " ", url.first,
                                    url.second.empty() ? "" : "?", "\n");
    bool is_json = false;
    for (const auto& [name, secret] : request->headers) {
      std::string value(secret.Reveal());
      if (absl::StartsWith(value, "Basic ")) {
        std::string pair;
        EXPECT_TRUE(absl::Base64Unescape(value.substr(6), &pair));
        value = absl::StrCat("Basic ", pair);
      }
      is_json = is_json || value == "application/json; charset=utf-8" ||
                (name == "Content-Type" && value == "application/json");
      absl::StrAppend(&text, name, ": ", value, "\n");
    }
    const Pairs body = is_json ? JsonPairs(request->body.Reveal())
                               : FormPairs(request->body.Reveal());
    const std::string lines =
        absl::StrCat(Lines(FormPairs(url.second)), Lines(body));
    return absl::StrCat(text, lines.empty() ? "" : "\n", lines);
  }

  std::string Text(const absl::StatusOr<std::optional<HttpRequest>>& request) {
    if (!request.ok()) return request.status().ToString();
    if (!request->has_value()) return "none";
    // A request cannot be copied.
    const HttpRequest& there = **request;
    HttpRequest copy{.method = there.method, .url = there.url};
    for (const auto& [name, value] : there.headers) {
      copy.headers.emplace_back(name, value.Clone());
    }
    copy.body = there.body.Clone();
    return Text(absl::StatusOr<HttpRequest>(std::move(copy)));
  }

  Outcome Read(const Settings& settings, const GoldenAnswer& answer) {
    return Provider(settings).Read(
        HttpResponse{.status = answer.status,
                     .content_type = answer.content_type,
                     .body = Secret(answer.body)},
        ReadContext{.sent_time = kNow, .scopes = {"asked"}});
  }

  static std::string ClassName(OutcomeClass outcome_class) {
    switch (outcome_class) {
      case OutcomeClass::kSuccess:
        return "success";
      case OutcomeClass::kTransient:
        return "transient";
      case OutcomeClass::kClientRejected:
        return "client_rejected";
      case OutcomeClass::kGrantDead:
        return "grant_dead";
      default:
        return "unknown";
    }
  }

  static absl::Time After(const std::optional<int>& seconds) {
    return seconds.has_value() ? kNow + absl::Seconds(*seconds)
                               : absl::InfiniteFuture();
  }

  static void ExpectTokens(const TokenSet& tokens, const GoldenTokens& golden) {
    EXPECT_EQ(tokens.access_token.Reveal(), golden.access_token);
    EXPECT_EQ(
        tokens.refresh_token.has_value() ? tokens.refresh_token->Reveal() : "",
        golden.refresh_token);
    EXPECT_EQ(tokens.token_type, golden.token_type);
    EXPECT_EQ(tokens.expire_time, After(golden.expires_in));
    EXPECT_EQ(tokens.scopes, golden.scopes);
    EXPECT_EQ(tokens.attributes, golden.attributes);
    EXPECT_EQ(tokens.grant_expire_time, After(golden.grant_expires_in));
    ASSERT_EQ(tokens.named.size(), golden.named.size());
    for (const NamedTokenSet& named : tokens.named) {
      ASSERT_EQ(golden.named.count(named.name), 1u) << named.name;
      ExpectTokens(named.tokens, golden.named.at(named.name));
    }
  }

  const RequestContext& context() {
    context_.now = kNow;
    context_.unique = "unique";
    context_.attributes = golden_.attributes;
    context_.attributes["state"] = "the-state";
    return context_;
  }

  const TempDir dir_;
  GoldenFile golden_;
  Settings settings_;
  RequestContext context_;
};

TEST_P(ConformanceTest, SendsTheUserThere) {
  const bool has_nonce =
      settings_.id_token() == config::v1::ID_TOKEN_UNSPECIFIED &&
      std::count(settings_.scopes().begin(), settings_.scopes().end(),
                 "openid") != 0;
  const auto url = Provider().AuthorizationUrl(
      {.redirect_uri = kRedirectUri,
       .scopes = {settings_.scopes().begin(), settings_.scopes().end()},
       .state = "the-state",
       .nonce = has_nonce ? "the-nonce" : "",
       .code_challenge = kChallenge,
       .extra_params = golden_.extra_params,
       .attributes = golden_.attributes});
  ASSERT_TRUE(url.ok()) << url.status();
  const std::pair<std::string, std::string> fragment =
      absl::StrSplit(*url, absl::MaxSplits('#', 1));
  const std::pair<std::string, std::string> query =
      absl::StrSplit(fragment.first, absl::MaxSplits('?', 1));
  EXPECT_EQ(
      absl::StrCat("GET ", query.first, "\n\n", Lines(FormPairs(query.second)),
                   fragment.second.empty() ? "" : "#", fragment.second,
                   fragment.second.empty() ? "" : "\n"),
      golden_.authorization_url);
}

TEST_P(ConformanceTest, SpendsACode) {
  EXPECT_EQ(Text(Provider().CodeRequest({.code = Secret("the+code"),
                                         .redirect_uri = kRedirectUri,
                                         .code_verifier = Secret(kVerifier)},
                                        context())),
            golden_.code_request);
}

TEST_P(ConformanceTest, Refreshes) {
  const Secret token(settings_.refresh().mode() ==
                             config::v1::REFRESH_MODE_EXCHANGE
                         ? "the/access+token"
                         : "the/refresh+token");
  EXPECT_EQ(Text(Provider().RefreshRequest(token, false, context())),
            golden_.refresh_request);
  EXPECT_EQ(settings_.has_first_refresh_request()
                ? Text(Provider().RefreshRequest(token, true, context()))
                : "",
            golden_.first_refresh_request);
}

TEST_P(ConformanceTest, Revokes) {
  const bool is_access_token =
      settings_.revocation_request().token() ==
          config::v1::TOKEN_KIND_ACCESS_TOKEN ||
      settings_.refresh().mode() == config::v1::REFRESH_MODE_EXCHANGE;
  const Secret token(is_access_token ? "the/access+token"
                                     : "the/refresh+token");
  EXPECT_EQ(Text(Provider().RevokeRequest(token, context())),
            absl::StrReplaceAll(golden_.revoke_request, {{"none\n", "none"}}));
}

TEST_P(ConformanceTest, ReadsAnswers) {
  int tokens = 0;
  for (const GoldenAnswer& answer : golden_.answers) {
    SCOPED_TRACE(absl::StrCat(answer.status, " ", answer.body));
    const Outcome outcome = Read(settings_, answer);
    EXPECT_EQ(ClassName(outcome.outcome_class),
              answer.tokens.has_value() ? "success" : answer.outcome_class);
    if (!answer.tokens.has_value() || !outcome.tokens.has_value()) continue;
    ++tokens;
    ExpectTokens(*outcome.tokens, *answer.tokens);
  }
  EXPECT_GE(tokens, 1);
}

// A rule without which no answer means anything else is one too many, or lacks
// its answer.
TEST_P(ConformanceTest, NeedsEachErrorRule) {
  for (int i = 0; i < settings_.error_rules_size(); ++i) {
    Settings without = settings_;
    without.mutable_error_rules()->DeleteSubrange(i, 1);
    bool is_needed = false;
    for (const GoldenAnswer& answer : golden_.answers) {
      const Outcome with_rule = Read(settings_, answer);
      const Outcome without_rule = Read(without, answer);
      is_needed = is_needed ||
                  with_rule.outcome_class != without_rule.outcome_class ||
                  with_rule.provider_error != without_rule.provider_error;
    }
    EXPECT_TRUE(is_needed) << settings_.error_rules(i).ShortDebugString();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Presets, ConformanceTest, testing::ValuesIn(Presets().Names()),
    [](const auto& preset) {
      return absl::StrReplaceAll(preset.param, {{"-", "_"}});
    });

TEST(ConformanceTest, HasNoGoldenFileWithoutAPreset) {
  for (const auto& entry :
       std::filesystem::directory_iterator(TOKENBROKER_GOLDEN_DIR)) {
    if (entry.path().extension() != ".yaml") continue;
    EXPECT_EQ(Presets().presets().count(entry.path().stem()), 1u)
        << entry.path();
  }
}

}  // namespace
}  // namespace tokenbroker
