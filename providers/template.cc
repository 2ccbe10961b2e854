// SPDX-License-Identifier: Apache-2.0
#include "providers/template.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "broker/status_macros.h"
#include "providers/form.h"
#include "providers/url.h"

namespace tokenbroker {
namespace {

using Settings = config::v1::Provider;

// Text, and a name behind it unless it is the last piece.
struct Piece {
  absl::string_view text;
  absl::string_view name;
};

absl::StatusOr<std::vector<Piece>> Split(absl::string_view text) {
  std::vector<Piece> pieces;
  for (;;) {
    const size_t open = text.find_first_of("{}");
    if (open == absl::string_view::npos) {
      pieces.push_back({.text = text});
      return pieces;
    }
    const size_t close = text.find_first_of("{}", open + 1);
    if (text[open] != '{' || close == absl::string_view::npos ||
        text[close] != '}' || close == open + 1) {
      return absl::InvalidArgumentError("a brace without its partner");
    }
    pieces.push_back({.text = text.substr(0, open),
                      .name = text.substr(open + 1, close - open - 1)});
    text.remove_prefix(close + 1);
  }
}

absl::StatusOr<std::string> ValueOf(const Settings& settings,
                                    absl::string_view name,
                                    const Attributes& attributes) {
  if (name == "client_id") return settings.client_id();
  if (name == "redirect_uri" && !settings.redirect_uris().empty()) {
    return settings.redirect_uris(0);
  }
  const std::string key(name);
  if (const auto said = attributes.find(key); said != attributes.end()) {
    return said->second;
  }
  if (const auto variable = settings.variables().find(key);
      variable != settings.variables().end()) {
    return variable->second;
  }
  for (const auto& attribute : settings.attributes()) {
    if (attribute.name() == name && !attribute.default_value().empty()) {
      return attribute.default_value();
    }
  }
  return absl::FailedPreconditionError(
      absl::StrCat("nothing says what ", name, " is"));
}

std::string PercentEncoded(absl::string_view value) {
  return absl::StrReplaceAll(FormEscape(value), {{"+", "%20"}});
}

// `encode` is given what stands before a value, and the value.
template <typename Encode>
absl::StatusOr<std::string> Fill(const Settings& settings,
                                 absl::string_view text,
                                 const Attributes& attributes, Encode encode) {
  ABSL_ASSIGN_OR_RETURN(const std::vector<Piece> pieces, Split(text));
  std::string filled;
  for (const Piece& piece : pieces) {
    absl::StrAppend(&filled, piece.text);
    if (piece.name.empty()) break;
    ABSL_ASSIGN_OR_RETURN(const std::string value,
                          ValueOf(settings, piece.name, attributes));
    filled += encode(filled, value);
  }
  return filled;
}

}  // namespace

bool IsTemplateWord(absl::string_view name) {
  return name == "client_id" || name == "redirect_uri" || name == "state";
}

absl::StatusOr<std::vector<std::string>> NamesIn(absl::string_view text) {
  ABSL_ASSIGN_OR_RETURN(const std::vector<Piece> pieces, Split(text));
  std::vector<std::string> names;
  for (const Piece& piece : pieces) {
    if (!piece.name.empty()) names.emplace_back(piece.name);
  }
  return names;
}

absl::StatusOr<std::string> Expand(const Settings& settings,
                                   absl::string_view text,
                                   const Attributes& attributes) {
  return Fill(
      settings, text, attributes,
      [](absl::string_view, const std::string& value) { return value; });
}

absl::StatusOr<std::string> ExpandUrl(const Settings& settings,
                                      absl::string_view url,
                                      const Attributes& attributes) {
  ABSL_ASSIGN_OR_RETURN(
      std::string expanded,
      Fill(settings, url, attributes,
           [](absl::string_view before, const std::string& value) {
             return before.empty() ? value : PercentEncoded(value);
           }));
  if (!IsEndpointUrl(expanded, settings.allow_loopback())) {
    return absl::FailedPreconditionError(
        absl::StrCat("an attribute makes no endpoint of ", url));
  }
  return expanded;
}

}  // namespace tokenbroker
