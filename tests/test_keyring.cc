// SPDX-License-Identifier: Apache-2.0
#include "tests/test_keyring.h"

#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "storage/file_keyring.h"

namespace tokenbroker {

std::unique_ptr<const Keyring> TestKeyring(Random& random) {
  const std::string yaml = absl::StrCat(
      "primary_key_id: test\n"
      "keys:\n"
      "- id: test\n"
      "  secret: ",
      absl::Base64Escape(std::string(32, 'k')),
      "\nindex_key: ", absl::Base64Escape(std::string(32, 'i')), "\n");
  auto keyring = FileKeyring::Parse(yaml, random);
  EXPECT_TRUE(keyring.ok()) << keyring.status();
  return *std::move(keyring);
}

}  // namespace tokenbroker
