// SPDX-License-Identifier: Apache-2.0
#include "storage/guarded_key.h"

#include <sodium.h>

#include <utility>

#include "absl/status/status.h"

namespace tokenbroker {

absl::StatusOr<GuardedKey> GuardedKey::FromBase64(absl::string_view base64) {
  if (sodium_init() < 0) {
    return absl::ResourceExhaustedError("no randomness to guard memory with");
  }
  std::unique_ptr<char, Free> memory(static_cast<char*>(sodium_malloc(kBytes)));
  if (memory == nullptr) {
    return absl::ResourceExhaustedError("no memory to guard a key in");
  }
  // Decodes straight into the guarded memory.
  size_t length = 0;
  const int result = sodium_base642bin(
      reinterpret_cast<unsigned char*>(memory.get()), kBytes, base64.data(),
      base64.size(), nullptr, &length, nullptr, sodium_base64_VARIANT_ORIGINAL);
  if (result != 0 || length != kBytes) {
    return absl::InvalidArgumentError("is not 32 bytes in Base64");
  }
  if (sodium_mprotect_readonly(memory.get()) != 0) {
    return absl::ResourceExhaustedError("cannot protect a key's memory");
  }
  return GuardedKey(std::move(memory));
}

GuardedKey::GuardedKey(std::unique_ptr<char, Free> memory)
    : memory_(std::move(memory)) {}

// Makes the memory writable again and wipes it.
void GuardedKey::Free::operator()(char* memory) const { sodium_free(memory); }

}  // namespace tokenbroker
