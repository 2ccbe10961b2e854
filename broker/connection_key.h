// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_CONNECTION_KEY_H_
#define TOKENBROKER_BROKER_CONNECTION_KEY_H_

#include <string>
#include <tuple>
#include <utility>

namespace tokenbroker {

// Names a connection. `provider` is 1 to 63 bytes out of `a-z 0-9 -`; `subject`
// is 1 to 512 bytes without NUL.
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

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_CONNECTION_KEY_H_
