// SPDX-License-Identifier: Apache-2.0
#include "storage/aead.h"

#include <sodium.h>

#include "absl/status/status.h"
#include "broker/random.h"

namespace tokenbroker {
namespace {

constexpr size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(kAeadKeyBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

const unsigned char* Unsigned(absl::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

unsigned char* Unsigned(std::string* bytes) {
  return reinterpret_cast<unsigned char*>(bytes->data());
}

}  // namespace

AeadMessage AeadSeal(absl::string_view key, absl::string_view associated_data,
                     const Secret& secret, Random& random) {
  const absl::string_view plaintext = secret.Reveal();
  AeadMessage message;
  message.nonce = random.Bytes(kNonceBytes);
  message.ciphertext.resize(plaintext.size() + kTagBytes);
  // Always succeeds.
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      Unsigned(&message.ciphertext), nullptr, Unsigned(plaintext),
      plaintext.size(), Unsigned(associated_data), associated_data.size(),
      nullptr, Unsigned(message.nonce), Unsigned(key));
  return message;
}

absl::StatusOr<Secret> AeadOpen(absl::string_view key,
                                absl::string_view associated_data,
                                absl::string_view nonce,
                                absl::string_view ciphertext) {
  const auto refused = [] {
    return absl::DataLossError("a sealed secret is damaged or out of place");
  };
  if (nonce.size() != kNonceBytes || ciphertext.size() < kTagBytes) {
    return refused();
  }
  std::string plaintext(ciphertext.size() - kTagBytes, '\0');
  const int result = crypto_aead_xchacha20poly1305_ietf_decrypt(
      Unsigned(&plaintext), nullptr, nullptr, Unsigned(ciphertext),
      ciphertext.size(), Unsigned(associated_data), associated_data.size(),
      Unsigned(nonce), Unsigned(key));
  if (result != 0) return refused();
  return Secret::Take(&plaintext);
}

}  // namespace tokenbroker
