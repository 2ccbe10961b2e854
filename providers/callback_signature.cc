// SPDX-License-Identifier: Apache-2.0
#include "providers/callback_signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

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
  const absl::string_view key = client_secret.Reveal();
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(),
           mac.data(), &size) == nullptr) {
    return false;
  }
  const Secret expected(absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(mac.data()), size)));
  return expected.Matches(absl::AsciiStrToLower(signature->second));
}

}  // namespace tokenbroker
