// SPDX-License-Identifier: Apache-2.0
#include "providers/retry_after.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace tokenbroker {
namespace {

constexpr absl::Duration kLongest = absl::Minutes(15);

}  // namespace

absl::Duration ParseRetryAfter(absl::string_view header, absl::Time now) {
  header = absl::StripAsciiWhitespace(header);
  if (!header.empty() &&
      std::all_of(header.begin(), header.end(), absl::ascii_isdigit)) {
    int64_t seconds = 0;
    // More digits than a number holds is more than the longest wait.
    return absl::SimpleAtoi(header, &seconds)
               ? std::min(absl::Seconds(seconds), kLongest)
               : kLongest;
  }
  // Reads every form of date that RFC 9110 5.6.7 wants read.
  const time_t date = curl_getdate(std::string(header).c_str(), nullptr);
  if (date < 0) return absl::ZeroDuration();
  return std::clamp(absl::FromTimeT(date) - now, absl::ZeroDuration(),
                    kLongest);
}

}  // namespace tokenbroker
