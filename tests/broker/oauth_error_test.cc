// SPDX-License-Identifier: Apache-2.0
#include "broker/oauth_error.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

constexpr absl::string_view kRegistered[] = {
    // RFC 6749 4.1.2.1, authorization endpoint.
    "invalid_request",
    "unauthorized_client",
    "access_denied",
    "unsupported_response_type",
    "invalid_scope",
    "server_error",
    "temporarily_unavailable",
    // RFC 6749 5.2, token endpoint.
    "invalid_client",
    "invalid_grant",
    "unsupported_grant_type",
    // RFC 7009 2.2.1.
    "unsupported_token_type",
    // RFC 8628 3.5.
    "authorization_pending",
    "slow_down",
    "expired_token",
    // OpenID Connect Core 3.1.2.6.
    "interaction_required",
    "login_required",
    "account_selection_required",
    "consent_required",
    "invalid_request_uri",
    "invalid_request_object",
    "request_not_supported",
    "request_uri_not_supported",
    "registration_not_supported",
};

TEST(OauthErrorTest, RepeatsARegisteredError) {
  for (const absl::string_view error : kRegistered) {
    EXPECT_EQ(RegisteredErrorOrOther(error), error);
  }
}

TEST(OauthErrorTest, RepeatsNothingElse) {
  const std::string cases[] = {
      "",
      "other",
      "error",
      "invalid_refresh_token",  // one provider's own
      "ya29.a0AfH6SMBx-an-access-token",
      "invalid_grant ",
      " invalid_grant",
      "invalid_grant\n",
      "invalid_gran",
      "invalid_grant: 1//0g-a-refresh-token",
      std::string("invalid_grant\0", 14),
      std::string("invalid_grant\0code", 18),
  };
  for (const std::string& error : cases) {
    EXPECT_EQ(RegisteredErrorOrOther(error), "other") << error;
  }
}

TEST(OauthErrorTest, RepeatsNoOtherSpelling) {
  for (const absl::string_view error : kRegistered) {
    EXPECT_EQ(RegisteredErrorOrOther(absl::AsciiStrToUpper(error)), "other");
    EXPECT_EQ(RegisteredErrorOrOther(absl::StrCat(error, "s")), "other");
  }
}

TEST(OauthErrorTest, DoesNotReferToTheBytesItWasGiven) {
  std::string error = "invalid_grant";
  const absl::string_view answer = RegisteredErrorOrOther(error);
  error = "overwritten!!";
  EXPECT_EQ(answer, "invalid_grant");
}

}  // namespace
}  // namespace tokenbroker
