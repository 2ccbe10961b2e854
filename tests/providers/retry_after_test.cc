// SPDX-License-Identifier: Apache-2.0
#include "providers/retry_after.h"

#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

// Of RFC 9110, 5.6.7: Sun, 06 Nov 1994 08:49:37 GMT.
const absl::Time kNow = absl::FromUnixSeconds(784111777);

struct Case {
  const char* header;
  absl::Duration wait;
};

TEST(RetryAfterTest, ReadsSeconds) {
  const Case cases[] = {
      {"0", absl::ZeroDuration()},   {"1", absl::Seconds(1)},
      {"120", absl::Seconds(120)},   {" 120\t", absl::Seconds(120)},
      {"0007", absl::Seconds(7)},    {"3599", absl::Seconds(3599)},
      {"3600", absl::Seconds(3600)},
  };
  for (const auto& [header, wait] : cases) {
    EXPECT_EQ(ParseRetryAfter(header, kNow), wait) << header;
  }
}

TEST(RetryAfterTest, ReadsADate) {
  const Case cases[] = {
      {"Sun, 06 Nov 1994 08:49:38 GMT", absl::Seconds(1)},
      {"Sun, 06 Nov 1994 08:59:37 GMT", absl::Minutes(10)},
      {" Sun, 06 Nov 1994 09:49:37 GMT ", absl::Hours(1)},
  };
  for (const auto& [header, wait] : cases) {
    EXPECT_EQ(ParseRetryAfter(header, kNow), wait) << header;
  }
}

TEST(RetryAfterTest, IsZeroForThePast) {
  for (const char* header :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:36 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT"}) {
    EXPECT_EQ(ParseRetryAfter(header, kNow), absl::ZeroDuration()) << header;
  }
}

TEST(RetryAfterTest, IsAnHourAtMost) {
  for (const char* header :
       {"3601", "31536000", "18446744073709551615", "18446744073709551616",
        "99999999999999999999999999999999999999999",
        "Sun, 06 Nov 1994 09:49:38 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"}) {
    EXPECT_EQ(ParseRetryAfter(header, kNow), absl::Hours(1)) << header;
  }
}

TEST(RetryAfterTest, IsZeroForGarbage) {
  for (const char* header :
       {"", " ", "-1", "+1", "1.5", "1e3", "0x10", "12 seconds", "soon",
        "infinite-future", "infinite-past", "Sun, 06 Nov 1994 09:49:37",
        "Sun, 06 Nov 1994 09:49:37 GMT 5", "1994-11-06T09:49:37Z",
        "Sun, 99 Nov 1994 09:49:37 GMT", "\xff\xfe"}) {
    EXPECT_EQ(ParseRetryAfter(header, kNow), absl::ZeroDuration()) << header;
  }
}

}  // namespace
}  // namespace tokenbroker
