// SPDX-License-Identifier: Apache-2.0
#include "providers/form.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"

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

std::string Unescaped(absl::string_view text) {
  std::string unescaped;
  for (size_t i = 0; i < text.size(); ++i) {
    std::string byte;
    if (text[i] == '%' && i + 2 < text.size() &&
        absl::ascii_isxdigit(text[i + 1]) &&
        absl::ascii_isxdigit(text[i + 2])) {
      byte = absl::HexStringToBytes(text.substr(i + 1, 2));
      i += 2;
    } else {
      byte = text[i] == '+' ? ' ' : text[i];
    }
    unescaped += byte;
  }
  return unescaped;
}

}  // namespace

std::string FormEscape(absl::string_view text) {
  std::string escaped;
  AppendEscaped(text, &escaped);
  return escaped;
}

std::vector<std::pair<std::string, std::string>> ParseForm(
    absl::string_view text) {
  std::vector<std::pair<std::string, std::string>> members;
  for (const absl::string_view member :
       absl::StrSplit(text, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(member, absl::MaxSplits('=', 1));
    members.emplace_back(Unescaped(pair.first), Unescaped(pair.second));
  }
  return members;
}

Form& Form::Add(absl::string_view name, absl::string_view value) {
  if (!text_.empty()) text_ += '&';
  AppendEscaped(name, &text_);
  text_ += '=';
  AppendEscaped(value, &text_);
  return *this;
}

}  // namespace tokenbroker
