// SPDX-License-Identifier: Apache-2.0
#include "providers/retry_after.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace tokenbroker {
namespace {

constexpr absl::Duration kLongest = absl::Hours(1);

}  // namespace

absl::Duration ParseRetryAfter(absl::string_view header, absl::Time now) {
  header = absl::StripAsciiWhitespace(header);
  int64_t seconds = 0;
  if (!header.empty() &&
      std::all_of(header.begin(), header.end(), absl::ascii_isdigit)) {
    // More digits than a number holds is more than an hour.
    return absl::SimpleAtoi(header, &seconds) &&
                   absl::Seconds(seconds) < kLongest
               ? absl::Seconds(seconds)
               : kLongest;
  }
  absl::Time date;
  std::string error;
  if (!absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT", std::string(header), &date,
                       &error) ||
      // ParseTime also reads words for the ends of time.
      date == absl::InfiniteFuture()) {
    return absl::ZeroDuration();
  }
  return std::clamp(date - now, absl::ZeroDuration(), kLongest);
}

}  // namespace tokenbroker
