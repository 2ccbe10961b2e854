// SPDX-License-Identifier: Apache-2.0
#include "providers/form.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace tokenbroker {

std::string FormEscape(absl::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    if (absl::ascii_isalnum(c) || c == '*' || c == '-' || c == '.' ||
        c == '_') {
      escaped += c;
    } else if (c == ' ') {
      escaped += '+';
    } else {
      const auto byte = static_cast<uint8_t>(c);
      escaped += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return escaped;
}

Form& Form::Add(absl::string_view name, absl::string_view value) {
  absl::StrAppend(&text_, text_.empty() ? "" : "&", FormEscape(name), "=",
                  FormEscape(value));
  return *this;
}

}  // namespace tokenbroker
