// SPDX-License-Identifier: Apache-2.0
//
// Reads answers that were damaged at random, the same ones in each run.
#include <cstddef>
#include <iterator>
#include <random>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "providers/token_response.h"
#include "tests/providers/jwt.h"

namespace tokenbroker {
namespace {

constexpr int kRounds = 100'000;
constexpr int kStatuses[] = {200, 200, 200, 200, 302, 400, 401, 429, 500, 503};
constexpr const char* kSnippets[] = {"\"",
                                     "{",
                                     "}",
                                     "[",
                                     "]",
                                     ",",
                                     ":",
                                     "null",
                                     "\\u0000",
                                     "\\ud800",
                                     "\r\n",
                                     "1e999",
                                     "-1",
                                     "\xff",
                                     "\xed\xa0\x80",
                                     "invalid_grant",
                                     "access_token",
                                     "."};

std::string Mutate(std::string text, std::mt19937* random) {
  const auto below = [random](size_t bound) { return (*random)() % bound; };
  const size_t times = 1 + below(4);
  for (size_t i = 0; i < times && !text.empty(); ++i) {
    const size_t at = below(text.size());
    switch (below(5)) {
      case 0:
        text[at] = static_cast<char>(below(256));
        break;
      case 1:
        text.erase(at, 1 + below(8));
        break;
      case 2:
        text.insert(at, kSnippets[below(std::size(kSnippets))]);
        break;
      case 3:
        text.insert(at, text.substr(below(text.size()), below(64)));
        break;
      default:
        text.resize(at);
    }
  }
  return text;
}

bool CanGoIntoAHeader(absl::string_view text) {
  for (const char c : text) {
    if (!absl::ascii_isgraph(c)) return false;
  }
  return !text.empty();
}

TEST(TokenResponseMutationTest, HoldsItsPromisesForAnyBytes) {
  const std::string claims =
      R"({"iss":"https://id.test","aud":["client"],"sub":"ann",)"
      R"("exp":1800000060,"nonce":"n"})";
  const std::string bodies[] = {
      absl::StrCat(R"({"access_token":"ya29.a","expires_in":3599,)",
                   R"("refresh_token":"1//r","scope":"a b,c",)",
                   R"("token_type":"Bearer","id_token":")", Jwt(claims), "\"}"),
      R"({"error":"invalid_grant","error_description":"x","error_code":"K1"})",
      R"({"scope":["a","b"],"expires_in":"3600","access_token":"a"})"};
  config::v1::Provider settings;
  settings.set_issuer("https://id.test");
  settings.set_client_id("client");
  const absl::Time sent = absl::FromUnixSeconds(1'800'000'000);
  std::mt19937 random(20261123);
  int successes = 0;
  for (int i = 0; i < kRounds; ++i) {
    const std::string body =
        Mutate(bodies[random() % std::size(bodies)], &random);
    const bool code = random() % 2 == 0;
    const Outcome outcome = ReadTokenResponse(
        settings,
        HttpResponse{.status = kStatuses[random() % std::size(kStatuses)],
                     .retry_after = body.substr(0, random() % 40),
                     .body = Secret(body)},
        ReadContext{.sent_time = sent,
                    .code_exchange = code,
                    .nonce = code ? "n" : ""});
    ASSERT_EQ(outcome.tokens.has_value(),
              outcome.outcome_class == OutcomeClass::kSuccess);
    ASSERT_NE(outcome.outcome_class, OutcomeClass::kNotSent);
    ASSERT_GE(outcome.retry_after, absl::ZeroDuration());
    ASSERT_LE(outcome.retry_after, absl::Hours(1));
    if (!outcome.tokens.has_value()) continue;
    ++successes;
    ASSERT_TRUE(CanGoIntoAHeader(outcome.tokens->access_token.Reveal()));
    ASSERT_TRUE(CanGoIntoAHeader(outcome.tokens->token_type));
    ASSERT_GT(outcome.tokens->expire_time, sent);
    ASSERT_EQ(outcome.tokens->account.id().empty(), !code);
  }
  // The damage is light enough that both sides are seen.
  EXPECT_GT(successes, kRounds / 100);
  EXPECT_LT(successes, kRounds / 2);
}

}  // namespace
}  // namespace tokenbroker
