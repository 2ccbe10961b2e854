// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_SECRET_H_
#define TOKENBROKER_BROKER_SECRET_H_

#include <string>

#include "absl/strings/string_view.h"

namespace tokenbroker {

// Bytes that must not get out: a token, a code, a client secret, a key. Cannot
// be copied, printed or compared by accident, and wipes its memory.
//
// `grep Reveal` lists every place where a secret gets out of its type.
class Secret {
 public:
  Secret() = default;
  explicit Secret(absl::string_view bytes) : bytes_(bytes) {}
  // Takes the bytes and wipes `bytes`.
  static Secret Take(std::string* bytes);

  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  // The bytes, valid as long as this lives. Do not copy them into anything that
  // is logged or stored.
  absl::string_view Reveal() const { return bytes_; }

  // A second holder of the same bytes; said aloud because each is a risk.
  Secret Clone() const { return Secret(bytes_); }

  bool empty() const { return bytes_.empty(); }

  // Whether both hold the same bytes, in time that depends on lengths only.
  bool Matches(absl::string_view other) const;

 private:
  void Wipe();

  std::string bytes_;
};

// Overwrites the bytes of `text` and empties it.
void WipeString(std::string* text);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_SECRET_H_
