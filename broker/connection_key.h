// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_CONNECTION_KEY_H_
#define TOKENBROKER_BROKER_CONNECTION_KEY_H_

#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/string_view.h"

namespace tokenbroker {

// Names a connection, or one of its further pairs of tokens (NamedKey), which
// has a row of its own and is served and refreshed by itself. `provider` is 1
// to 63 bytes out of `a-z 0-9 -`; `subject` is 1 to 576 bytes without NUL.
struct ConnectionKey {
  std::string provider;
  std::string subject;

  friend bool operator==(const ConnectionKey& a, const ConnectionKey& b) {
    return a.provider == b.provider && a.subject == b.subject;
  }
  friend bool operator<(const ConnectionKey& a, const ConnectionKey& b) {
    return std::tie(a.provider, a.subject) < std::tie(b.provider, b.subject);
  }
  template <typename H>
  friend H AbslHashValue(H h, const ConnectionKey& key) {
    return H::combine(std::move(h), key.provider, key.subject);
  }
};

// The row of the pair `token_name` of what was granted for `subject`; of the
// main pair if that is empty. Keys sort by (provider, subject, token name).
ConnectionKey NamedKey(absl::string_view provider, absl::string_view subject,
                       absl::string_view token_name);

// What a key's subject was made of.
struct SubjectParts {
  absl::string_view subject;
  absl::string_view token_name;
};
SubjectParts SplitSubject(absl::string_view subject);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_CONNECTION_KEY_H_
