// SPDX-License-Identifier: Apache-2.0
#include "providers/url.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"

namespace tokenbroker {

bool IsEndpointUrl(absl::string_view url, bool allow_http) {
  if (!absl::ConsumePrefix(&url, "https://") &&
      !(allow_http && absl::ConsumePrefix(&url, "http://"))) {
    return false;
  }
  const absl::string_view authority = url.substr(0, url.find_first_of("/?"));
  return !authority.empty() && authority.front() != ':' &&
         authority.find('@') == absl::string_view::npos &&
         std::all_of(url.begin(), url.end(), [](char c) {
           return absl::ascii_isgraph(c) && c != '\\' && c != '#';
         });
}

}  // namespace tokenbroker
