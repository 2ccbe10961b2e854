// SPDX-License-Identifier: Apache-2.0
//
// What the presets send, and how they read what providers document: the files
// in tests/golden/.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "providers/catalogue.h"
#include "providers/oauth2_provider.h"
#include "tests/storage/temp_dir.h"

namespace tokenbroker {
namespace {

using enum OutcomeClass;

const absl::Time kSent = absl::FromUnixSeconds(1'800'000'000);

std::string Golden(const std::string& name) {
  std::string text = ReadBytes(absl::StrCat(TOKENBROKER_GOLDEN_DIR, "/", name));
  EXPECT_NE(text, "") << name;
  return text;
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

std::string Lines(absl::string_view form) {
  std::string lines;
  for (const absl::string_view parameter : absl::StrSplit(form, '&')) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(parameter, absl::MaxSplits('=', 1));
    absl::StrAppend(&lines, Decode(pair.first), "=", Decode(pair.second), "\n");
  }
  return lines;
}

std::string Text(const HttpRequest& request) {
  std::string text = absl::StrCat(request.method, " ", request.url, "\n");
  for (const auto& [name, value] : request.headers) {
    absl::StrAppend(&text, name, ": ", value.Reveal(), "\n");
  }
  return absl::StrCat(text, "\n", Lines(request.body.Reveal()));
}

OAuth2Provider Preset(const std::string& preset, const std::string& client_id) {
  const auto catalogue = Catalogue::Create(Catalogue::EmbeddedRows());
  EXPECT_TRUE(catalogue.ok()) << catalogue.status();
  config::v1::Provider configured;
  configured.set_name(preset);
  configured.set_preset(preset);
  configured.set_client_id(client_id);
  const auto resolved = catalogue->Resolve(configured);
  EXPECT_TRUE(resolved.ok()) << resolved.status();
  return OAuth2Provider(*resolved, Secret("GOCSPX-s3cret&more"));
}

OAuth2Provider Google() {
  return Preset("google", "1234.apps.googleusercontent.com");
}
OAuth2Provider Kakao() {
  return Preset("kakao", "0123456789abcdef0123456789abcdef");
}

// Sees that `provider` asks as the files in `folder` say.
void ExpectRequests(const OAuth2Provider& provider, const std::string& folder,
                    const AuthorizationUrlParams& asked) {
  AuthorizationUrlParams params = asked;
  params.redirect_uri = "https://app.example.com/oauth/callback?a=b";
  params.state = "the-state";
  params.nonce = "the-nonce";
  // The pair of RFC 7636 Appendix B.
  params.code_challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
  params.login_hint = "ann+calendar@example.com";
  const std::pair<std::string, std::string> url = absl::StrSplit(
      provider.AuthorizationUrl(params), absl::MaxSplits('?', 1));
  EXPECT_EQ(absl::StrCat("GET ", url.first, "\n\n", Lines(url.second)),
            Golden(folder + "/authorization_url.txt"));
  EXPECT_EQ(Text(provider.CodeRequest(
                {.code = Secret("4/0AX4XfWh+code"),
                 .redirect_uri = params.redirect_uri,
                 .code_verifier =
                     Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")})),
            Golden(folder + "/code_request.txt"));
  const Secret refresh_token("1//0gFake-refresh_token");
  EXPECT_EQ(Text(provider.RefreshRequest(refresh_token)),
            Golden(folder + "/refresh_request.txt"));
  const std::optional<HttpRequest> revoke =
      provider.RevokeRequest(refresh_token);
  EXPECT_EQ(revoke.has_value() ? Text(*revoke) : "none\n",
            Golden(folder + "/revoke_request.txt"));
}

TEST(GoldenTest, AsksGoogle) {
  ExpectRequests(Google(), "google",
                 {.scopes = {"openid", "email",
                             "https://www.googleapis.com/auth/calendar.events"},
                  .extra_params = {{"hd", "example.com"}}});
}

TEST(GoldenTest, AsksKakao) {
  ExpectRequests(Kakao(), "kakao",
                 {.scopes = {"openid", "talk_message"},
                  .extra_params = {{"prompt", "login"}}});
}

struct ErrorCase {
  const char* file;
  int status;
  OutcomeClass outcome_class;
  const char* provider_error;
};

void ExpectErrors(const OAuth2Provider& provider, const std::string& folder,
                  const std::vector<ErrorCase>& cases) {
  for (const ErrorCase& test : cases) {
    const Outcome outcome = provider.Read(
        HttpResponse{
            .status = test.status,
            .body = Secret(Golden(absl::StrCat(folder, "/", test.file)))},
        ReadContext{.sent_time = kSent});
    EXPECT_EQ(outcome.outcome_class, test.outcome_class) << test.file;
    EXPECT_EQ(outcome.provider_error, test.provider_error) << test.file;
    EXPECT_FALSE(absl::StrContains(outcome.detail, "s3cret")) << test.file;
  }
}

TEST(GoldenTest, ReadsGooglesErrors) {
  ExpectErrors(Google(), "google",
               {{"expired_or_revoked.json", 400, kGrantDead, "invalid_grant"},
                {"bad_request.json", 400, kGrantDead, "invalid_grant"},
                // The grant may live, but only the user can wake it.
                {"invalid_rapt.json", 400, kGrantDead, "invalid_grant"},
                {"invalid_client.json", 401, kClientRejected, "invalid_client"},
                {"deleted_client.json", 400, kClientRejected, "other"},
                {"deleted_client.json", 401, kClientRejected, "other"},
                {"disabled_client.json", 400, kClientRejected, "other"},
                {"unauthorized_client.json", 400, kClientRejected,
                 "unauthorized_client"},
                {"redirect_uri_mismatch.json", 400, kTransient, "other"},
                {"admin_policy_enforced.json", 400, kTransient, "other"},
                {"org_internal.json", 400, kTransient, "other"},
                {"internal_failure.json", 400, kTransient, "other"},
                {"internal_failure.json", 429, kTransient, "other"},
                {"internal_failure.json", 500, kUnknown, "other"}});
}

TEST(GoldenTest, ReadsKakaosErrors) {
  ExpectErrors(Kakao(), "kakao",
               {{"KOE320.json", 400, kGrantDead, "invalid_grant"},
                {"KOE322.json", 400, kGrantDead, "invalid_grant"},
                {"KOE319.json", 400, kClientRejected, "invalid_grant"},
                {"KOE303.json", 400, kClientRejected, "invalid_grant"},
                {"KOE010.json", 401, kClientRejected, "invalid_client"},
                {"KOE101.json", 400, kClientRejected, "invalid_client"},
                {"KOE009.json", 400, kClientRejected, "other"},
                {"KOE310.json", 400, kClientRejected, "unsupported_grant_type"},
                {"KOE237.json", 400, kTransient, "invalid_request"},
                {"KOE237.json", 429, kTransient, "invalid_request"},
                {"KOE003.json", 400, kTransient, "server_error"},
                {"KOE003.json", 500, kTransient, "server_error"}});
}

struct TokensCase {
  const char* file;
  const char* access_token;
  const char* refresh_token;  // empty: none
  const char* token_type;
  int expires_in;
  std::vector<std::string> scopes;
};

void ExpectTokens(const OAuth2Provider& provider, const std::string& folder,
                  const std::vector<TokensCase>& cases) {
  for (const TokensCase& test : cases) {
    const Outcome outcome = provider.Read(
        HttpResponse{
            .status = 200,
            .body = Secret(Golden(absl::StrCat(folder, "/", test.file)))},
        ReadContext{.sent_time = kSent, .scopes = {"asked"}});
    ASSERT_EQ(outcome.outcome_class, kSuccess) << test.file;
    const TokenSet& tokens = *outcome.tokens;
    EXPECT_EQ(tokens.access_token.Reveal(), test.access_token);
    EXPECT_EQ(
        tokens.refresh_token.has_value() ? tokens.refresh_token->Reveal() : "",
        test.refresh_token);
    EXPECT_EQ(tokens.token_type, test.token_type);
    EXPECT_EQ(tokens.expire_time, kSent + absl::Seconds(test.expires_in));
    EXPECT_EQ(tokens.scopes, test.scopes);
  }
}

TEST(GoldenTest, ReadsGooglesTokens) {
  ExpectTokens(
      Google(), "google",
      {{"code.json",
        "ya29.a0Code",
        "1//0gFirst",
        "Bearer",
        3599,
        {"https://www.googleapis.com/auth/calendar", "openid"}},
       {"refresh.json", "ya29.a0Refreshed", "", "Bearer", 3599, {"openid"}}});
}

TEST(GoldenTest, ReadsKakaosTokens) {
  ExpectTokens(Kakao(), "kakao",
               {{"code.json",
                 "aaa",
                 "rrr",
                 "bearer",
                 21599,
                 {"talk_message", "profile_nickname"}},
                {"refresh.json", "aaa2", "", "bearer", 21599, {"asked"}},
                {"refresh_in_the_last_month.json",
                 "aaa3",
                 "rrr2",
                 "bearer",
                 21599,
                 {"asked"}}});
}

}  // namespace
}  // namespace tokenbroker
