// SPDX-License-Identifier: Apache-2.0
#include "providers/id_token.h"

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "tests/providers/jwt.h"

namespace tokenbroker {
namespace {

using nlohmann::json;

// The ID token's payload of OpenID Connect Core 1.0, 3.1.3.3.
constexpr char kExamplePayload[] =
    "ewogImlzcyI6ICJodHRwOi8vc2VydmVyLmV4YW1wbGUuY29tIiwKICJzdWIiOiAiMjQ4Mjg5"
    "NzYxMDAxIiwKICJhdWQiOiAiczZCaGRSa3F0MyIsCiAibm9uY2UiOiAibi0wUzZfV3pBMk1q"
    "IiwKICJleHAiOiAxMzExMjgxOTcwLAogImlhdCI6IDEzMTEyODA5NzAKfQ";

IdTokenExpectation Expected() {
  return {.issuer = "http://server.example.com",
          .client_id = "s6BhdRkqt3",
          .nonce = "n-0S6_WzA2Mj",
          .now = absl::FromUnixSeconds(1311280970)};
}

json Claims() {
  return {{"iss", "http://server.example.com"},
          {"sub", "248289761001"},
          {"aud", "s6BhdRkqt3"},
          {"nonce", "n-0S6_WzA2Mj"},
          {"exp", 1311281970}};
}

absl::StatusOr<v1::Account> Read(const json& claims) {
  return ReadIdToken(Jwt(claims.dump()), Expected());
}

TEST(IdTokenTest, ReadsTheExampleOfOpenIdConnect) {
  const auto account = ReadIdToken(
      absl::StrCat("eyJhbGciOiJSUzI1NiJ9.", kExamplePayload, ".c2ln"),
      Expected());
  ASSERT_TRUE(account.ok()) << account.status();
  EXPECT_EQ(account->id(), "248289761001");
  EXPECT_EQ(account->email(), "");
}

TEST(IdTokenTest, GivesTheEMailIfThereIsOne) {
  json claims = Claims();
  claims["email"] = "janedoe@example.com";
  ASSERT_TRUE(Read(claims).ok());
  EXPECT_EQ(Read(claims)->email(), "janedoe@example.com");
  claims["email"] = 7;
  ASSERT_TRUE(Read(claims).ok());
  EXPECT_EQ(Read(claims)->email(), "");
}

TEST(IdTokenTest, RefusesAWrongOrMissingClaim) {
  const struct {
    const char* claim;
    json value;  // null: not there
    const char* why;
  } cases[] = {
      {"iss", nullptr, "has another issuer"},
      {"iss", "http://server.example.com/", "has another issuer"},
      {"iss", "http://evil.example.com", "has another issuer"},
      {"iss", json::array({"http://server.example.com"}), "has another issuer"},
      {"aud", nullptr, "is for another audience"},
      {"aud", "s6BhdRkqt", "is for another audience"},
      {"aud", json::array(), "is for another audience"},
      {"aud", json::array({"x", 7}), "is for another audience"},
      {"aud", json::array({"x", "s6BhdRkqt3"}),
       "is for another authorized party"},
      {"azp", "x", "is for another authorized party"},
      {"azp", 7, "is for another authorized party"},
      {"exp", nullptr, "has expired"},
      {"exp", "1311281970", "has expired"},
      {"exp", -1e300, "has expired"},
      {"nonce", nullptr, "has another nonce"},
      {"nonce", "n-0S6_WzA2M", "has another nonce"},
      {"sub", nullptr, "names no user"},
      {"sub", "", "names no user"},
      {"sub", 248289761001, "names no user"},
      {"sub", std::string(256, 'x'), "names no user"},
  };
  for (const auto& test : cases) {
    json claims = Claims();
    claims.erase(test.claim);
    if (!test.value.is_null()) claims[test.claim] = test.value;
    EXPECT_EQ(Read(claims).status().message(), test.why)
        << test.claim << ": " << test.value;
  }
}

TEST(IdTokenTest, TakesAListOfAudiencesIfWeAreTheAuthorizedParty) {
  json claims = Claims();
  claims["aud"] = {"x", "s6BhdRkqt3"};
  claims["azp"] = "s6BhdRkqt3";
  EXPECT_TRUE(Read(claims).ok());
  claims["aud"] = json::array({"s6BhdRkqt3"});
  claims.erase("azp");
  EXPECT_TRUE(Read(claims).ok());
}

TEST(IdTokenTest, AllowsTheClockFiveMinutes) {
  IdTokenExpectation expected = Expected();
  const std::string token = Jwt(Claims().dump());
  expected.now = absl::FromUnixSeconds(1311281970 + 299);
  EXPECT_TRUE(ReadIdToken(token, expected).ok());
  expected.now = absl::FromUnixSeconds(1311281970 + 300);
  EXPECT_FALSE(ReadIdToken(token, expected).ok());
}

TEST(IdTokenTest, TakesASubOf255Bytes) {
  json claims = Claims();
  claims["sub"] = std::string(255, 'x');
  EXPECT_TRUE(Read(claims).ok());
}

TEST(IdTokenTest, DoesNotCompareAnIssuerThatIsNotKnown) {
  IdTokenExpectation expected = Expected();
  expected.issuer.clear();
  EXPECT_TRUE(ReadIdToken(Jwt(Claims().dump()), expected).ok());
}

TEST(IdTokenTest, RefusesWhatIsNoJwt) {
  EXPECT_EQ(ReadIdToken("", Expected()).status().message(), "is missing");
  const std::string payload = absl::WebSafeBase64Escape(Claims().dump());
  for (const std::string& token :
       {std::string("x"), std::string("a.b"), std::string("a.b.c"),
        "a." + payload, "a." + payload + ".b.c", "a." + payload + "!.c",
        Jwt("[]"), Jwt(""), Jwt("{"), Jwt("\xff")}) {
    EXPECT_EQ(ReadIdToken(token, Expected()).status().message(), "is not a JWT")
        << token;
  }
}

}  // namespace
}  // namespace tokenbroker
