// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_STORAGE_GUARDED_KEY_H_
#define TOKENBROKER_STORAGE_GUARDED_KEY_H_

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tokenbroker {

// A key of 32 bytes in memory of its own: read-only, between guard pages,
// locked (where the system lets it) against swapping, left out of core dumps,
// wiped at the end.
class GuardedKey {
 public:
  static constexpr size_t kBytes = 32;

  // Decodes strict Base64 (RFC 4648 section 4, with padding). kInvalidArgument
  // if it is not that of 32 bytes; kResourceExhausted without memory.
  static absl::StatusOr<GuardedKey> FromBase64(absl::string_view base64);

  absl::string_view bytes() const { return {memory_.get(), kBytes}; }

 private:
  struct Free {
    void operator()(char* memory) const;
  };

  explicit GuardedKey(std::unique_ptr<char, Free> memory);

  std::unique_ptr<char, Free> memory_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_STORAGE_GUARDED_KEY_H_
