// SPDX-License-Identifier: Apache-2.0
#include "providers/form.h"

#include <cstdint>

#include "absl/strings/ascii.h"

namespace tokenbroker {

namespace {

// Straight into `escaped`: a copy of a secret on the way would not be wiped.
void AppendEscaped(absl::string_view text, std::string* escaped) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : text) {
    if (absl::ascii_isalnum(c) || c == '*' || c == '-' || c == '.' ||
        c == '_') {
      *escaped += c;
    } else if (c == ' ') {
      *escaped += '+';
    } else {
      const auto byte = static_cast<uint8_t>(c);
      *escaped += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
}

}  // namespace

std::string FormEscape(absl::string_view text) {
  std::string escaped;
  AppendEscaped(text, &escaped);
  return escaped;
}

Form& Form::Add(absl::string_view name, absl::string_view value) {
  if (!text_.empty()) text_ += '&';
  AppendEscaped(name, &text_);
  text_ += '=';
  AppendEscaped(value, &text_);
  return *this;
}

}  // namespace tokenbroker
