// SPDX-License-Identifier: Apache-2.0
#include "broker/secret.h"

#include <sodium.h>

#include <utility>

namespace tokenbroker {

void WipeString(std::string* text) {
  // Up to the capacity: a longer value may have stood here before.
  text->resize(text->capacity());
  sodium_memzero(text->data(), text->size());
  text->clear();
}

Secret Secret::Take(std::string* bytes) {
  Secret secret{absl::string_view(*bytes)};
  WipeString(bytes);
  return secret;
}

// A moved-from std::string may keep a copy in its short buffer, hence the
// explicit wipes.
Secret::Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) {
  other.Wipe();
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Wipe();
    bytes_ = std::move(other.bytes_);
    other.Wipe();
  }
  return *this;
}

Secret::~Secret() { Wipe(); }

bool Secret::Matches(absl::string_view other) const {
  return bytes_.size() == other.size() &&
         sodium_memcmp(bytes_.data(), other.data(), other.size()) == 0;
}

void Secret::Wipe() { WipeString(&bytes_); }

}  // namespace tokenbroker
