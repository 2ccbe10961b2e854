// SPDX-License-Identifier: Apache-2.0
#include "broker/connection_key.h"

#include "absl/strings/str_cat.h"

namespace tokenbroker {
namespace {

// No subject and no token name has control characters. It sorts before every
// other byte that they have.
constexpr char kUnitSeparator = '\x1f';

}  // namespace

ConnectionKey NamedKey(absl::string_view provider, absl::string_view subject,
                       absl::string_view token_name) {
  ConnectionKey key{std::string(provider), std::string(subject)};
  if (!token_name.empty()) {
    absl::StrAppend(&key.subject, std::string(1, kUnitSeparator), token_name);
  }
  return key;
}

SubjectParts SplitSubject(absl::string_view subject) {
  const size_t end = subject.find(kUnitSeparator);
  if (end == absl::string_view::npos) return {subject, ""};
  return {subject.substr(0, end), subject.substr(end + 1)};
}

}  // namespace tokenbroker
