// SPDX-License-Identifier: Apache-2.0
//
// Keyring files for tests. Their keys are 32 equal letters.
#ifndef TOKENBROKER_TESTS_STORAGE_KEYRINGS_H_
#define TOKENBROKER_TESTS_STORAGE_KEYRINGS_H_

#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "broker/random.h"
#include "gtest/gtest.h"
#include "storage/file_keyring.h"

namespace tokenbroker {

// 32 times `letter`, in Base64.
inline std::string TestKey(char letter) {
  return absl::Base64Escape(std::string(32, letter));
}

// A keyring with one key, `k1`.
inline std::string KeyringYaml(char key, char index_key) {
  return absl::StrCat("primary_key_id: k1\nkeys:\n- id: k1\n  secret: \"",
                      TestKey(key), "\"\nindex_key: \"", TestKey(index_key),
                      "\"\n");
}

// As that one, but seals with a newer key, `k2`.
inline std::string RotatedKeyringYaml(char key, char new_key, char index_key) {
  return absl::StrCat("primary_key_id: k2\nkeys:\n- id: k1\n  secret: \"",
                      TestKey(key), "\"\n- id: k2\n  secret: \"",
                      TestKey(new_key), "\"\nindex_key: \"", TestKey(index_key),
                      "\"\n");
}

inline std::unique_ptr<FileKeyring> MakeKeyring(const std::string& yaml,
                                                Random& random) {
  auto keyring = FileKeyring::Parse(yaml, random);
  EXPECT_TRUE(keyring.ok()) << keyring.status();
  return keyring.ok() ? *std::move(keyring) : nullptr;
}

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_STORAGE_KEYRINGS_H_
