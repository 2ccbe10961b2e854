// SPDX-License-Identifier: Apache-2.0
#include "providers/token_response.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/providers/jwt.h"

namespace tokenbroker {
namespace {

using enum OutcomeClass;

const absl::Time kSent = absl::FromUnixSeconds(1'800'000'000);

Outcome Read(int status, absl::string_view body,
             const config::v1::Provider& settings = {}) {
  return ReadTokenResponse(
      settings, HttpResponse{.status = status, .body = Secret(body)},
      ReadContext{.sent_time = kSent, .scopes = {"asked"}});
}

// A good answer but for one member, written as JSON; empty: without it.
Outcome ReadWith(const std::string& name, const std::string& json) {
  std::string body = R"({"access_token":"2YotnFZFEjr1zCsicMWpAA")";
  if (!json.empty()) absl::StrAppend(&body, ",\"", name, "\":", json);
  return Read(200, body + "}");
}

// RFC 6749 5.1.
TEST(TokenResponseTest, ReadsTheExampleOfTheStandard) {
  const Outcome outcome = Read(200, R"({
       "access_token":"2YotnFZFEjr1zCsicMWpAA",
       "token_type":"example",
       "expires_in":3600,
       "refresh_token":"tGzv3JOkF0XG5Qx2TlKWIA",
       "example_parameter":"example_value"
     })");
  ASSERT_EQ(outcome.outcome_class, kSuccess);
  ASSERT_TRUE(outcome.tokens.has_value());
  EXPECT_EQ(outcome.tokens->access_token.Reveal(), "2YotnFZFEjr1zCsicMWpAA");
  EXPECT_EQ(outcome.tokens->token_type, "example");
  EXPECT_EQ(outcome.tokens->expire_time, kSent + absl::Hours(1));
  ASSERT_TRUE(outcome.tokens->refresh_token.has_value());
  EXPECT_EQ(outcome.tokens->refresh_token->Reveal(), "tGzv3JOkF0XG5Qx2TlKWIA");
  EXPECT_EQ(outcome.tokens->scopes, std::vector<std::string>{"asked"});
  EXPECT_EQ(outcome.provider_error, "");
}

TEST(TokenResponseTest, ReadsExpiresIn) {
  const absl::Time unknown = absl::InfiniteFuture();
  const absl::Time ten_years = kSent + absl::Hours(24 * 3650);
  const struct {
    std::string json;
    absl::Time expected;
  } cases[] = {
      {"", unknown},
      {"null", unknown},
      {"0", unknown},
      {"-1", unknown},
      {"-1e300", unknown},
      {"true", unknown},
      {"[3600]", unknown},
      {R"("")", unknown},
      {R"("0")", unknown},
      {R"("-5")", unknown},
      {R"("soon")", unknown},
      {R"("nan")", unknown},
      {R"("inf")", unknown},
      {R"("0x10")", unknown},
      {R"("3600 ")", unknown},
      {"1", kSent + absl::Seconds(1)},
      {"3599", kSent + absl::Seconds(3599)},
      {"3599.5", kSent + absl::Milliseconds(3599500)},
      {R"("3600")", kSent + absl::Hours(1)},
      {"315360000", ten_years},
      {"315360001", ten_years},
      {"1e18", ten_years},
      {"18446744073709551616", ten_years},
      {absl::StrCat("\"", std::string(400, '9'), "\""), ten_years},
  };
  for (const auto& test : cases) {
    const Outcome outcome = ReadWith("expires_in", test.json);
    ASSERT_EQ(outcome.outcome_class, kSuccess) << test.json;
    EXPECT_EQ(outcome.tokens->expire_time, test.expected) << test.json;
  }
}

TEST(TokenResponseTest, ReadsScopes) {
  using Scopes = std::vector<std::string>;
  const struct {
    std::string json;
    Scopes expected;
  } cases[] = {
      {"", {"asked"}},
      {"null", {"asked"}},
      {"7", {"asked"}},
      {R"("")", {}},
      {R"("a")", {"a"}},
      {R"("a b")", {"a", "b"}},
      {R"("a,b")", {"a", "b"}},
      {R"(" a,  b ")", {"a", "b"}},
      {R"(["a","b",7,null])", {"a", "b"}},
      {R"("a \u0001 c\u00e9 \"d b")", {"a", "b"}},
      {absl::StrCat("\"", std::string(513, 'x'), " a\""), {"a"}},
  };
  for (const auto& test : cases) {
    const Outcome outcome = ReadWith("scope", test.json);
    ASSERT_EQ(outcome.outcome_class, kSuccess) << test.json;
    EXPECT_EQ(outcome.tokens->scopes, test.expected) << test.json;
  }
}

TEST(TokenResponseTest, BoundsTheNumberOfScopes) {
  std::string scopes;
  for (int i = 0; i < 2000; ++i) scopes += "a ";
  const Outcome outcome = ReadWith("scope", absl::StrCat("\"", scopes, "\""));
  ASSERT_EQ(outcome.outcome_class, kSuccess);
  EXPECT_EQ(outcome.tokens->scopes.size(), 1000u);
}

TEST(TokenResponseTest, ReadsTheTokenTypeAsItIs) {
  const struct {
    std::string json;
    const char* expected;
  } cases[] = {{"", "Bearer"},
               {"null", "Bearer"},
               {R"("")", "Bearer"},
               {"7", "Bearer"},
               {R"("a b")", "Bearer"},
               {R"("a\r\nb")", "Bearer"},
               {absl::StrCat("\"", std::string(65, 'x'), "\""), "Bearer"},
               {R"("Bearer")", "Bearer"},
               {R"("bearer")", "bearer"},
               {R"("BEARER")", "BEARER"},
               {R"("mac")", "mac"}};
  for (const auto& test : cases) {
    const Outcome outcome = ReadWith("token_type", test.json);
    ASSERT_EQ(outcome.outcome_class, kSuccess) << test.json;
    EXPECT_EQ(outcome.tokens->token_type, test.expected) << test.json;
  }
}

TEST(TokenResponseTest, HasNoRefreshTokenUnlessThereIsOne) {
  for (const char* json : {"", "null", R"("")", "7", R"(["r"])"}) {
    const Outcome outcome = ReadWith("refresh_token", json);
    ASSERT_EQ(outcome.outcome_class, kSuccess) << json;
    EXPECT_FALSE(outcome.tokens->refresh_token.has_value()) << json;
  }
}

// Dropping one would end the connection at a provider that rotates.
TEST(TokenResponseTest, KeepsAnyRefreshToken) {
  const std::string large(100'000, 'r');
  const struct {
    std::string json;
    std::string expected;
  } cases[] = {{R"("1//0-_~+/=")", "1//0-_~+/="},
               {R"("a b\u00e9\n")", "a b\xc3\xa9\n"},
               {absl::StrCat("\"", large, "\""), large}};
  for (const auto& test : cases) {
    const Outcome outcome = ReadWith("refresh_token", test.json);
    ASSERT_EQ(outcome.outcome_class, kSuccess);
    ASSERT_TRUE(outcome.tokens->refresh_token.has_value());
    EXPECT_TRUE(outcome.tokens->refresh_token->Matches(test.expected));
  }
}

TEST(TokenResponseTest, DoesNotKnowWhatA2xxWithoutTokensMeant) {
  const struct {
    int status;
    std::string body;
  } cases[] = {
      {200, ""},
      {204, ""},
      {200, "{}"},
      {200, "null"},
      {200, "<html>"},
      {200, "access_token=a&token_type=bearer"},
      {200, R"({"access_token":"a)"},
      {200, R"({"access_token":null})"},
      {200, R"({"access_token":""})"},
      {200, R"({"access_token":7})"},
      {200, R"({"access_token":["a"]})"},
      {200, R"({"access_token":"a b"})"},
      {200, R"({"access_token":"a\r\nX: y"})"},
      {200, R"({"access_token":"a\u0000"})"},
      {200, R"({"access_token":"\u00e9"})"},
      {200, "{\"access_token\":\"\xff\"}"},
      {200,
       absl::StrCat(R"({"access_token":")", std::string(16385, 'a'), "\"}")},
      {200, R"({"access_token":"a","x":1e999})"},
      {200, R"({"ok":false,"error":{"message":"x"}})"},
  };
  for (const auto& test : cases) {
    const Outcome outcome = Read(test.status, test.body);
    EXPECT_EQ(outcome.outcome_class, kUnknown) << test.body;
    EXPECT_FALSE(outcome.tokens.has_value());
    EXPECT_NE(outcome.detail, "");
  }
  EXPECT_EQ(Read(200, absl::StrCat(R"({"access_token":")",
                                   std::string(16384, 'a'), "\"}"))
                .outcome_class,
            kSuccess);
}

TEST(TokenResponseTest, TellsTheClassesOfErrorsApart) {
  const struct {
    int status;
    OutcomeClass expected;
    const char* body;
  } cases[] = {
      // The grant.
      {400, kGrantDead, R"({"error":"invalid_grant"})"},
      {401, kGrantDead, R"({"error":"invalid_grant"})"},
      {403, kGrantDead, R"({"error":"invalid_grant"})"},
      {200, kGrantDead, R"({"error":"invalid_grant"})"},
      {200, kGrantDead, R"({"error":"invalid_grant","access_token":"a"})"},
      // The grant, said by somebody who may not be the provider, or not in
      // OAuth's words.
      {302, kUnknown, R"({"error":"invalid_grant"})"},
      {429, kTransient, R"({"error":"invalid_grant"})"},
      {500, kUnknown, R"({"error":"invalid_grant"})"},
      {502, kUnknown, R"({"error":"invalid_grant"})"},
      {503, kTransient, R"({"error":"invalid_grant"})"},
      {400, kTransient, "invalid_grant"},
      {400, kTransient, R"(["invalid_grant"])"},
      {400, kTransient, R"({"error":["invalid_grant"]})"},
      {400, kTransient, R"({"error":"INVALID_GRANT"})"},
      {400, kTransient, R"({"error":"invalid_grant)"},
      // Our client.
      {400, kClientRejected, R"({"error":"invalid_client"})"},
      {401, kClientRejected, R"({"error":"invalid_client"})"},
      {200, kClientRejected, R"({"error":"invalid_client"})"},
      {400, kClientRejected, R"({"error":"unauthorized_client"})"},
      {400, kClientRejected, R"({"error":"unsupported_grant_type"})"},
      {401, kClientRejected, ""},
      {401, kClientRejected, "<html>"},
      // This request, for now.
      {400, kTransient, R"({"error":"invalid_request"})"},
      {400, kTransient, R"({"error":"invalid_scope"})"},
      {400, kTransient, R"({"error":"temporarily_unavailable"})"},
      {400, kTransient, R"({"error":"server_error"})"},
      {400, kTransient, R"({"error":"slow_down"})"},
      {200, kTransient, R"({"error":"server_error"})"},
      {403, kTransient, "<html>blocked</html>"},
      {404, kTransient, ""},
      {408, kTransient, ""},
      {429, kTransient, ""},
      {503, kTransient, ""},
      {503, kTransient, "<html>"},
      {503, kTransient, R"({"error":"server_error"})"},
      // Nobody knows.
      {301, kUnknown, ""},
      {302, kUnknown, "<html>"},
      {307, kUnknown, ""},
      {500, kUnknown, ""},
      {500, kUnknown, R"({"error":"server_error"})"},
      {502, kUnknown, "<html>Bad Gateway</html>"},
      {504, kUnknown, ""},
      {0, kUnknown, ""},
      {-1, kUnknown, ""},
      {999, kUnknown, ""},
  };
  for (const auto& test : cases) {
    const Outcome outcome = Read(test.status, test.body);
    EXPECT_EQ(outcome.outcome_class, test.expected)
        << test.status << " " << test.body;
    EXPECT_FALSE(outcome.tokens.has_value());
  }
}

TEST(TokenResponseTest, KeepsTokensThatComeWithAWordThatNobodyKnows) {
  config::v1::Provider settings;
  config::v1::ErrorRule& rule = *settings.add_error_rules();
  rule.set_error("gone");
  rule.set_class_(config::v1::ERROR_CLASS_GRANT_DEAD);
  const struct {
    int status;
    OutcomeClass expected;
    const char* body;
  } cases[] = {
      {200, kSuccess, R"({"error":"none","access_token":"a"})"},
      {200, kTransient, R"({"error":"none","access_token":""})"},
      {200, kTransient, R"({"error":"none"})"},
      {200, kTransient, R"({"error":"slow_down","access_token":"a"})"},
      {200, kGrantDead, R"({"error":"gone","access_token":"a"})"},
      {400, kTransient, R"({"error":"none","access_token":"a"})"},
  };
  for (const auto& test : cases) {
    const Outcome outcome = Read(test.status, test.body, settings);
    EXPECT_EQ(outcome.outcome_class, test.expected)
        << test.status << " " << test.body;
    EXPECT_EQ(outcome.tokens.has_value(), test.expected == kSuccess);
  }
}

TEST(TokenResponseTest, ObeysTheFirstRuleThatMatches) {
  config::v1::Provider settings;
  const auto add = [&settings](const char* error, const char* error_code,
                               config::v1::ErrorClass error_class) {
    config::v1::ErrorRule& rule = *settings.add_error_rules();
    rule.set_error(error);
    rule.set_error_code(error_code);
    rule.set_class_(error_class);
  };
  add("", "E1", config::v1::ERROR_CLASS_TRANSIENT);
  add("", "E1", config::v1::ERROR_CLASS_GRANT_DEAD);
  add("invalid_request", "E2", config::v1::ERROR_CLASS_GRANT_DEAD);
  add("gone", "", config::v1::ERROR_CLASS_CLIENT_REJECTED);
  const struct {
    int status;
    OutcomeClass expected;
    const char* body;
  } cases[] = {
      {400, kTransient, R"({"error":"invalid_grant","error_code":"E1"})"},
      {500, kTransient, R"({"error_code":"E1"})"},
      {400, kGrantDead, R"({"error":"invalid_request","error_code":"E2"})"},
      {400, kTransient, R"({"error":"invalid_request","error_code":"E3"})"},
      {400, kClientRejected, R"({"error":"invalid_client","error_code":"E2"})"},
      {400, kClientRejected, R"({"error":"gone","error_code":"E9"})"},
      {200, kClientRejected, R"({"error":"gone"})"},
      {400, kGrantDead, R"({"error":"invalid_grant","error_code":1})"},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(Read(test.status, test.body, settings).outcome_class,
              test.expected)
        << test.status << " " << test.body;
  }
}

TEST(TokenResponseTest, PassesRetryAfterOn) {
  const Outcome outcome =
      ReadTokenResponse({}, HttpResponse{.status = 429, .retry_after = "120"},
                        ReadContext{.sent_time = kSent});
  EXPECT_EQ(outcome.retry_after, absl::Minutes(2));
  EXPECT_EQ(Read(429, "").retry_after, absl::ZeroDuration());
}

TEST(TokenResponseTest, RepeatsNothingOfTheAnswerButRegisteredErrors) {
  EXPECT_EQ(Read(400, R"({"error":"invalid_grant"})").provider_error,
            "invalid_grant");
  EXPECT_EQ(Read(400, "{}").provider_error, "");
  for (const char* body :
       {R"({"error":"s3cret","error_description":"s3cret"})",
        R"({"error":"invalid_grant","error_description":"code=s3cret"})",
        R"({"error":"x","error_code":"s3cret","error_uri":"s3cret"})",
        "s3cret"}) {
    for (const int status : {200, 302, 400, 401, 500}) {
      const Outcome outcome = Read(status, body);
      EXPECT_FALSE(absl::StrContains(outcome.provider_error, "s3cret"));
      EXPECT_FALSE(absl::StrContains(outcome.detail, "s3cret"));
    }
  }
  EXPECT_EQ(Read(400, R"({"error":"s3cret"})").provider_error, "other");
}

// --- shapes -----------------------------------------------------------------

TEST(TokenResponseTest, FindsTokensWhereAndAsTheSettingsSay) {
  config::v1::Provider settings;
  config::v1::Answer& shape = *settings.mutable_answer();
  shape.add_tokens_at("data.0");
  (*shape.mutable_names())["scope"] = "scopes";
  (*shape.mutable_names())["expires_in"] = "life";
  shape.set_scope_separator(";");
  shape.set_grant_expires_in("end");
  const Outcome outcome = Read(200, R"({"data":[{"access_token":"a",
      "scopes":"x y;z","life":"60","expires_in":1,"end":3600}],"scope":"no"})",
                               settings);
  ASSERT_EQ(outcome.outcome_class, kSuccess) << outcome.detail;
  EXPECT_EQ(outcome.tokens->expire_time, kSent + absl::Minutes(1));
  EXPECT_EQ(outcome.tokens->grant_expire_time, kSent + absl::Hours(1));
  // A space is no part of a scope.
  EXPECT_EQ(outcome.tokens->scopes, std::vector<std::string>{"z"});
  EXPECT_EQ(Read(200, R"({"access_token":"a"})", settings).outcome_class,
            kUnknown);
}

TEST(TokenResponseTest, TakesTokensFromTheFirstPlaceThatHasThem) {
  config::v1::Provider settings;
  settings.mutable_answer()->add_tokens_at(".");
  settings.mutable_answer()->add_tokens_at("data.0");
  const struct {
    const char* body;
    const char* access_token;
  } cases[] = {{R"({"access_token":"a"})", "a"},
               {R"({"data":[{"access_token":"b"}]})", "b"},
               {R"({"access_token":"a","data":[{"access_token":"b"}]})", "a"}};
  for (const auto& test : cases) {
    const Outcome outcome = Read(200, test.body, settings);
    ASSERT_EQ(outcome.outcome_class, kSuccess) << test.body;
    EXPECT_EQ(outcome.tokens->access_token.Reveal(), test.access_token);
    EXPECT_TRUE(outcome.tokens->named.empty());
  }
}

TEST(TokenResponseTest, ReadsAnAbsoluteEnd) {
  config::v1::Provider settings;
  settings.mutable_answer()->set_expires_at("expires_at");
  const struct {
    std::string json;
    absl::Time expected;
  } cases[] = {{"1800000060", kSent + absl::Minutes(1)},
               {"\"1800000060\"", kSent + absl::Minutes(1)},
               {"\"2027-01-15T08:01:00Z\"", kSent + absl::Minutes(1)},
               {"\"2027-01-15T09:01:00+01:00\"", kSent + absl::Minutes(1)},
               // Beyond any clock: ten years, as for expires_in.
               {"1e300", kSent + 10 * 365 * absl::Hours(24)},
               // In the past or unreadable: then expires_in counts.
               {"1799999999", kSent + absl::Hours(1)},
               {"\"soon\"", kSent + absl::Hours(1)},
               {"null", kSent + absl::Hours(1)}};
  for (const auto& test : cases) {
    const Outcome outcome = Read(
        200,
        absl::StrCat(R"({"access_token":"a","expires_in":3600,"expires_at":)",
                     test.json, "}"),
        settings);
    ASSERT_EQ(outcome.outcome_class, kSuccess);
    EXPECT_EQ(outcome.tokens->expire_time, test.expected) << test.json;
  }
}

TEST(TokenResponseTest, KnowsTheLifeThatAnAnswerDoesNotSay) {
  config::v1::Provider settings;
  settings.mutable_answer()->mutable_default_life()->set_seconds(600);
  EXPECT_EQ(Read(200, R"({"access_token":"a"})", settings).tokens->expire_time,
            kSent + absl::Minutes(10));
  EXPECT_EQ(Read(200, R"({"access_token":"a","expires_in":60})", settings)
                .tokens->expire_time,
            kSent + absl::Minutes(1));
}

TEST(TokenResponseTest, FindsFurtherPairs) {
  config::v1::Provider settings;
  config::v1::NamedTokens& user =
      *settings.mutable_answer()->add_named_tokens();
  user.set_name("user");
  user.set_at("authed_user");
  const Outcome both = Read(200, R"({"access_token":"bot","refresh_token":"r1",
      "authed_user":{"access_token":"user","refresh_token":"r2",
                     "expires_in":60,"scope":"search"}})",
                            settings);
  ASSERT_EQ(both.outcome_class, kSuccess);
  EXPECT_EQ(both.tokens->access_token.Reveal(), "bot");
  EXPECT_EQ(both.tokens->refresh_token->Reveal(), "r1");
  ASSERT_EQ(both.tokens->named.size(), 1u);
  EXPECT_EQ(both.tokens->named[0].name, "user");
  const TokenSet& second = both.tokens->named[0].tokens;
  EXPECT_EQ(second.access_token.Reveal(), "user");
  EXPECT_EQ(second.refresh_token->Reveal(), "r2");
  EXPECT_EQ(second.expire_time, kSent + absl::Minutes(1));
  EXPECT_EQ(second.scopes, std::vector<std::string>{"search"});

  const Outcome alone =
      Read(200, R"({"authed_user":{"access_token":"user"}})", settings);
  ASSERT_EQ(alone.outcome_class, kSuccess);
  EXPECT_EQ(alone.tokens->access_token.Reveal(), "user");
  EXPECT_TRUE(alone.tokens->named.empty());
}

TEST(TokenResponseTest, PresentsTheAccessTokenWhereOnlyThatCanBeExchanged) {
  config::v1::Provider settings;
  settings.mutable_refresh()->set_mode(config::v1::REFRESH_MODE_EXCHANGE);
  const Outcome outcome = Read(200, R"({"access_token":"a"})", settings);
  ASSERT_EQ(outcome.outcome_class, kSuccess);
  EXPECT_EQ(outcome.tokens->refresh_token->Reveal(), "a");
}

TEST(TokenResponseTest, ReadsAForm) {
  const Outcome outcome = ReadTokenResponse(
      {},
      HttpResponse{
          .status = 200,
          .content_type = "application/x-www-form-urlencoded; charset=utf-8",
          .body = Secret("access_token=ghu_%2B1&expires_in=28800"
                         "&scope=repo%2Cuser&token_type=bearer")},
      {.sent_time = kSent});
  ASSERT_EQ(outcome.outcome_class, kSuccess) << outcome.detail;
  EXPECT_EQ(outcome.tokens->access_token.Reveal(), "ghu_+1");
  EXPECT_EQ(outcome.tokens->expire_time, kSent + absl::Hours(8));
  EXPECT_EQ(outcome.tokens->scopes, (std::vector<std::string>{"repo", "user"}));
}

TEST(TokenResponseTest, FindsErrorsWhereTheSettingsSay) {
  config::v1::Provider settings;
  settings.mutable_answer()->set_error_at("errcode");
  settings.mutable_answer()->set_error_description_at("errmsg");
  config::v1::ErrorRule& dead = *settings.add_error_rules();
  dead.set_error("40030");
  dead.set_class_(config::v1::ERROR_CLASS_GRANT_DEAD);
  config::v1::ErrorRule& busy = *settings.add_error_rules();
  busy.set_description("too (many|fast)");
  busy.set_class_(config::v1::ERROR_CLASS_TRANSIENT);
  config::v1::ErrorRule& ours = *settings.add_error_rules();
  ours.set_status(403);
  ours.set_class_(config::v1::ERROR_CLASS_CLIENT_REJECTED);
  const Outcome outcome = Read(200, R"({"errcode":40030})", settings);
  EXPECT_EQ(outcome.outcome_class, kGrantDead);
  EXPECT_EQ(outcome.provider_error, "40030");
  EXPECT_EQ(Read(200, R"({"errcode":-1,"errmsg":"way too fast"})", settings)
                .outcome_class,
            kTransient);
  EXPECT_EQ(Read(403, "<html>", settings).outcome_class, kClientRejected);
  EXPECT_EQ(
      Read(200, R"({"errcode":0,"access_token":"a"})", settings).outcome_class,
      kSuccess);
}

class TokenResponseIdTokenTest : public testing::Test {
 protected:
  TokenResponseIdTokenTest() {
    settings_.set_issuer("https://id.test");
    settings_.set_client_id("client");
  }
  Outcome ReadIdToken(absl::string_view claims, ReadContext context) {
    context.sent_time = kSent;
    return ReadTokenResponse(
        settings_,
        HttpResponse{
            .status = 200,
            .body = Secret(absl::StrCat(R"({"access_token":"a","id_token":")",
                                        Jwt(claims), "\"}"))},
        context);
  }
  static std::string Claims(absl::string_view nonce) {
    return absl::StrCat(
        R"({"iss":"https://id.test","aud":"client","sub":"ann",)"
        R"("email":"ann@x.test","exp":)",
        absl::ToUnixSeconds(kSent) + 60, R"(,"nonce":")", nonce, "\"}");
  }

  config::v1::Provider settings_;
};

TEST_F(TokenResponseIdTokenTest, GivesTheAccountOfACodeExchange) {
  const Outcome outcome =
      ReadIdToken(Claims("n"), {.code_exchange = true, .nonce = "n"});
  ASSERT_EQ(outcome.outcome_class, kSuccess) << outcome.detail;
  EXPECT_EQ(outcome.tokens->account.id(), "ann");
  EXPECT_EQ(outcome.tokens->account.email(), "ann@x.test");
}

TEST_F(TokenResponseIdTokenTest, GivesNoTokensWithAWrongIdToken) {
  const Outcome outcome =
      ReadIdToken(Claims("other"), {.code_exchange = true, .nonce = "n"});
  EXPECT_EQ(outcome.outcome_class, kUnknown);
  EXPECT_FALSE(outcome.tokens.has_value());
  EXPECT_EQ(outcome.detail, "ID token has another nonce");
}

TEST_F(TokenResponseIdTokenTest, GivesNoTokensWithoutTheIdTokenThatWasAsked) {
  const Outcome outcome = ReadTokenResponse(
      settings_,
      HttpResponse{.status = 200, .body = Secret(R"({"access_token":"a"})")},
      {.sent_time = kSent, .code_exchange = true, .nonce = "n"});
  EXPECT_EQ(outcome.outcome_class, kUnknown);
  EXPECT_EQ(outcome.detail, "ID token is missing");
}

TEST_F(TokenResponseIdTokenTest, ReadsOneWithoutNonceWhereThereIsNone) {
  settings_.set_id_token(config::v1::ID_TOKEN_WITHOUT_NONCE);
  const Outcome outcome = ReadIdToken(Claims("any"), {.code_exchange = true});
  ASSERT_EQ(outcome.outcome_class, kSuccess) << outcome.detail;
  EXPECT_EQ(outcome.tokens->account.id(), "ann");
  EXPECT_EQ(
      ReadIdToken(R"({"iss":"https://evil.test"})", {.code_exchange = true})
          .outcome_class,
      kUnknown);
  EXPECT_EQ(Read(200, R"({"access_token":"a"})", settings_).outcome_class,
            kSuccess);
}

TEST_F(TokenResponseIdTokenTest, IgnoresOneThatWasNotAskedFor) {
  for (const bool code_exchange : {true, false}) {
    const Outcome outcome = ReadIdToken("{}", {.code_exchange = code_exchange});
    ASSERT_EQ(outcome.outcome_class, kSuccess);
    EXPECT_EQ(outcome.tokens->account.id(), "");
  }
  EXPECT_EQ(
      ReadIdToken("{}", {.code_exchange = false, .nonce = "n"}).outcome_class,
      kSuccess);
}

}  // namespace
}  // namespace tokenbroker
