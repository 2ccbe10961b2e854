// SPDX-License-Identifier: Apache-2.0
//
// Authenticated encryption: XChaCha20-Poly1305 with associated data
// (draft-irtf-cfrg-xchacha-03), one message one call. Its nonce is 192 random
// bits, so a key has no budget of messages to exhaust. Pure but for `random`.
#ifndef TOKENBROKER_STORAGE_AEAD_H_
#define TOKENBROKER_STORAGE_AEAD_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/secret.h"

namespace tokenbroker {

class Random;

inline constexpr size_t kAeadKeyBytes = 32;

struct AeadMessage {
  std::string nonce;       // 24 bytes
  std::string ciphertext;  // as long as the secret, and a tag of 16 bytes
};

// `key` is kAeadKeyBytes long. `associated_data` is authenticated, not kept.
AeadMessage AeadSeal(absl::string_view key, absl::string_view associated_data,
                     const Secret& secret, Random& random);

// kDataLoss if anything differs from what was sealed; nothing of the secret is
// given out then.
absl::StatusOr<Secret> AeadOpen(absl::string_view key,
                                absl::string_view associated_data,
                                absl::string_view nonce,
                                absl::string_view ciphertext);

}  // namespace tokenbroker

#endif  // TOKENBROKER_STORAGE_AEAD_H_
