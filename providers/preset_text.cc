// SPDX-License-Identifier: Apache-2.0
#include "providers/preset_text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "providers/client_credentials.h"

namespace tokenbroker {
namespace {

using Settings = config::v1::Provider;

constexpr size_t kWidth = 78;

// In lines of at most kWidth, the first behind `head`, all others behind
// `indent`, which is as long.
std::string Wrapped(const std::string& head, const std::string& indent,
                    const std::string& text) {
  if (text.empty()) return "";
  std::string wrapped;
  std::string line = head;
  for (const absl::string_view word :
       absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty())) {
    if (line.size() + 1 + word.size() > kWidth && line.size() > head.size()) {
      absl::StrAppend(&wrapped, line, "\n");
      line = indent;
    }
    absl::StrAppend(&line, line.size() > head.size() ? " " : "", word);
  }
  return absl::StrCat(wrapped, line, "\n");
}

std::string Wrapped(const std::string& head, const std::string& text) {
  return Wrapped(head, std::string(head.size(), ' '), text);
}

// Whether the configuration has to say it, or let callers do so.
bool IsVariable(const config::v1::Attribute& attribute) {
  return attribute.callback_param().empty() &&
         attribute.answer_member().empty();
}

std::string Variables(const Settings& preset) {
  std::string lines;
  for (const auto& attribute : preset.attributes()) {
    if (!IsVariable(attribute)) continue;
    const bool has_default = !attribute.default_value().empty();
    absl::StrAppend(&lines,
                    Wrapped("    # ", "    # ", attribute.description()),
                    "    ", has_default ? "# " : "", attribute.name(), ": ",
                    has_default ? attribute.default_value() : "...", "\n");
  }
  return lines.empty() ? "" : absl::StrCat("  variables:\n", lines);
}

std::string Credentials(const Settings& preset) {
  const auto method = preset.token_endpoint_auth_method();
  if (method == config::v1::CLIENT_AUTH_METHOD_NONE) return "";
  const std::string file = "/etc/token-broker/secrets/" + preset.name();
  if (!IsSigned(method)) {
    return absl::StrCat("  client_secret_file: ", file, "\n");
  }
  return absl::StrCat("  private_key_file: ", file, ".pem\n  key_id: ...\n");
}

std::string Block(const Settings& preset) {
  std::string block = absl::StrCat("providers:\n- name: ", preset.name(),
                                   "\n  preset: ", preset.name(), "\n");
  if (preset.issuer().empty() && preset.token_endpoint().empty()) {
    absl::StrAppend(&block,
                    "  # or authorization_endpoint and token_endpoint\n"
                    "  issuer: https://...\n");
  }
  absl::StrAppend(&block, "  client_id: ...\n", Credentials(preset),
                  Variables(preset),
                  "  redirect_uris: [\"https://...\"]\n  scopes: [",
                  absl::StrJoin(preset.refresh_token_scopes(), ", "), "]\n");
  return block;
}

// What one finds on a connection.
std::string Shown(const Settings& preset) {
  std::string text;
  for (const auto& attribute : preset.attributes()) {
    if (IsVariable(attribute)) continue;
    absl::StrAppend(&text,
                    Wrapped(absl::StrCat("attribute ", attribute.name(), ": "),
                            attribute.description()));
  }
  for (const auto& tokens : preset.answer().named_tokens()) {
    absl::StrAppend(&text, "further tokens: ", tokens.name(), "\n");
  }
  return text;
}

}  // namespace

std::string ListText(const Catalogue& catalogue) {
  size_t widest = 0;
  for (const auto& [name, preset] : catalogue.presets()) {
    widest = std::max(widest, name.size());
  }
  std::string text;
  for (const auto& [name, preset] : catalogue.presets()) {
    absl::StrAppend(&text, name, std::string(widest + 2 - name.size(), ' '),
                    preset.display_name(), "\n");
  }
  return text;
}

std::string PresetText(const Settings& preset) {
  const config::v1::Notes& notes = preset.notes();
  std::string text = absl::StrCat(
      preset.display_name(), "\n\n", Block(preset), "\n",
      Wrapped("register: ", notes.registration()),
      Wrapped("refresh token: ", notes.refresh_token()),
      Wrapped("user returns: ", notes.user_returns()), Shown(preset));
  for (const std::string& quirk : notes.quirks()) {
    absl::StrAppend(&text, Wrapped("quirk: ", quirk));
  }
  for (const auto& doubt : notes.doubts()) {
    absl::StrAppend(
        &text, Wrapped("doubt: ",
                       absl::StrCat(doubt.doubt(), " (", doubt.source(), ")")));
  }
  for (const std::string& source : notes.sources()) {
    absl::StrAppend(&text, "source: ", source, "\n");
  }
  return text;
}

}  // namespace tokenbroker
