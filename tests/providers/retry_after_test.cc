// SPDX-License-Identifier: Apache-2.0
#include "providers/retry_after.h"

#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

// Of RFC 9110, 5.6.7: Sun, 06 Nov 1994 08:49:37 GMT.
const absl::Time kNow = absl::FromUnixSeconds(784111777);

TEST(RetryAfterTest, ReadsWhatProvidersWrite) {
  constexpr absl::Duration kNone = absl::ZeroDuration();
  constexpr absl::Duration kMost = absl::Minutes(15);
  const struct {
    const char* header;
    absl::Duration wait;
  } cases[] = {
      // Seconds.
      {"0", kNone},
      {"1", absl::Seconds(1)},
      {"120", absl::Minutes(2)},
      {" 120\t", absl::Minutes(2)},
      {"0007", absl::Seconds(7)},
      {"899", absl::Seconds(899)},
      {"900", kMost},
      // A date, and its two obsolete forms.
      {"Sun, 06 Nov 1994 08:49:38 GMT", absl::Seconds(1)},
      {" Sun, 06 Nov 1994 08:59:37 GMT ", absl::Minutes(10)},
      {"Sunday, 06-Nov-94 08:59:37 GMT", absl::Minutes(10)},
      {"Sun Nov  6 08:59:37 1994", absl::Minutes(10)},
      // The past.
      {"Sun, 06 Nov 1994 08:49:37 GMT", kNone},
      {"Sun, 06 Nov 1994 08:49:36 GMT", kNone},
      {"Sunday, 06-Nov-94 07:49:37 GMT", kNone},
      {"Sat Nov  5 08:59:37 1994", kNone},
      {"Thu, 01 Jan 1970 00:00:00 GMT", kNone},
      {"Wed, 31 Dec 1969 23:59:59 GMT", kNone},
      // Too long.
      {"901", kMost},
      {"31536000", kMost},
      {"1000000000", kMost},
      {"9223372036854775807", kMost},
      {"18446744073709551616", kMost},
      {"99999999999999999999999999999999999999999", kMost},
      {"Sun, 06 Nov 1994 09:04:38 GMT", kMost},
      {"Sunday, 06-Nov-95 08:59:37 GMT", kMost},
      {"Fri, 31 Dec 9999 23:59:59 GMT", kMost},
      // Garbage.
      {"", kNone},
      {" ", kNone},
      {"-1", kNone},
      {"+1", kNone},
      {"1.5", kNone},
      {"1e3", kNone},
      {"1e9", kNone},
      {"0x10", kNone},
      {"12 seconds", kNone},
      {"1, 2", kNone},
      {"abc", kNone},
      {"infinite-future", kNone},
      {"infinite-past", kNone},
      {"1994-11-06T09:49:37Z", kNone},
      {"Sun, 99 Nov 1994 09:49:37 GMT", kNone},
      {"\xff\xfe", kNone},
  };
  for (const auto& [header, wait] : cases) {
    EXPECT_EQ(ParseRetryAfter(header, kNow), wait) << header;
  }
}

TEST(RetryAfterTest, ReadsNoFurtherThanTheHeader) {
  const absl::string_view two = "60120";
  EXPECT_EQ(ParseRetryAfter(two.substr(0, 2), kNow), absl::Minutes(1));
  EXPECT_EQ(ParseRetryAfter(absl::string_view("12\0"
                                              "0",
                                              4),
                            kNow),
            absl::ZeroDuration());
}

}  // namespace
}  // namespace tokenbroker
