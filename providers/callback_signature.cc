// SPDX-License-Identifier: Apache-2.0
#include "providers/callback_signature.h"

#include <sodium.h>

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace tokenbroker {
namespace {

constexpr char kSignature[] = "hmac";

std::string SignedText(const std::map<std::string, std::string>& params) {
  std::string text;
  for (const auto& [name, value] : params) {
    if (name == kSignature) continue;
    absl::StrAppend(
        &text, text.empty() ? "" : "&",
        absl::StrReplaceAll(name, {{"%", "%25"}, {"&", "%26"}, {"=", "%3D"}}),
        "=", absl::StrReplaceAll(value, {{"%", "%25"}, {"&", "%26"}}));
  }
  return text;
}

}  // namespace

bool IsCallbackSigned(const std::map<std::string, std::string>& params,
                      const Secret& client_secret) {
  const auto signature = params.find(kSignature);
  if (signature == params.end() || client_secret.empty()) return false;
  const std::string text = SignedText(params);
  const auto bytes = [](absl::string_view view) {
    return reinterpret_cast<const unsigned char*>(view.data());
  };
  const absl::string_view key = client_secret.Reveal();
  crypto_auth_hmacsha256_state state;
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac;
  crypto_auth_hmacsha256_init(&state, bytes(key), key.size());
  crypto_auth_hmacsha256_update(&state, bytes(text), text.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  const Secret expected(absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(mac.data()), mac.size())));
  return expected.Matches(absl::AsciiStrToLower(signature->second));
}

}  // namespace tokenbroker
