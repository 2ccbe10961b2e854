// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/keyring_contract.h"

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tokenbroker {

// Not every test program has a keyring.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(KeyringContract);

namespace {

using absl::StatusCode;
using storage::v1::Sealed;

constexpr absl::string_view kContext = "11:connections3:ann";
constexpr absl::string_view kSecret = "ya29.an-access-token";

// Sees that `sealed` is refused and nothing of the secret is told.
void ExpectRefused(const Keyring& keyring, absl::string_view context,
                   const Sealed& sealed) {
  const absl::StatusOr<Secret> opened = keyring.Open(context, sealed);
  ASSERT_FALSE(opened.ok());
  EXPECT_TRUE(opened.status().code() == StatusCode::kDataLoss ||
              opened.status().code() == StatusCode::kFailedPrecondition)
      << opened.status();
  EXPECT_FALSE(absl::StrContains(opened.status().message(), kSecret));
}

// Every string that differs from `bytes` by one bit, by a missing end, or by
// one byte more.
std::vector<std::string> Mutations(const std::string& bytes) {
  std::vector<std::string> mutations;
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = bytes;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      mutations.push_back(flipped);
    }
    mutations.push_back(bytes.substr(0, i));
  }
  mutations.push_back(bytes + std::string(1, '\0'));
  mutations.push_back(std::string(1, '\0') + bytes);
  return mutations;
}

TEST_P(KeyringContract, OpensWhatItSealed) {
  const std::string secrets[] = {"", "a", std::string(kSecret),
                                 std::string("\0\xff\0", 3),
                                 std::string(300 << 10, 'x')};
  for (const std::string& secret : secrets) {
    const Sealed sealed = keyring().Seal(kContext, Secret(secret));
    const absl::StatusOr<Secret> opened = keyring().Open(kContext, sealed);
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_TRUE(opened->Matches(secret));
  }
}

TEST_P(KeyringContract, OpensWhatTheSameKeyringSealedBefore) {
  const Sealed sealed = keyring().Seal(kContext, Secret(kSecret));
  const auto again = GetParam().make();
  const absl::StatusOr<Secret> opened = again->Open(kContext, sealed);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_TRUE(opened->Matches(kSecret));
}

TEST_P(KeyringContract, ShowsNothingOfTheSecret) {
  const Sealed sealed = keyring().Seal(kContext, Secret(kSecret));
  EXPECT_FALSE(absl::StrContains(sealed.SerializeAsString(), kSecret));
}

TEST_P(KeyringContract, SealsTheSameSecretDifferentlyEachTime) {
  std::set<std::string> nonces;
  std::set<std::string> ciphertexts;
  for (int i = 0; i < 100; ++i) {
    const Sealed sealed = keyring().Seal(kContext, Secret(kSecret));
    nonces.insert(sealed.nonce());
    ciphertexts.insert(sealed.ciphertext());
  }
  EXPECT_EQ(nonces.size(), 100u);
  EXPECT_EQ(ciphertexts.size(), 100u);
}

TEST_P(KeyringContract, RefusesAnyChangeOfAnyField) {
  const Sealed sealed = keyring().Seal(kContext, Secret(kSecret));
  for (const std::string& nonce : Mutations(sealed.nonce())) {
    Sealed changed = sealed;
    changed.set_nonce(nonce);
    ExpectRefused(keyring(), kContext, changed);
  }
  for (const std::string& ciphertext : Mutations(sealed.ciphertext())) {
    Sealed changed = sealed;
    changed.set_ciphertext(ciphertext);
    ExpectRefused(keyring(), kContext, changed);
  }
  for (const std::string& key_id : Mutations(sealed.key_id())) {
    Sealed changed = sealed;
    changed.set_key_id(key_id);
    ExpectRefused(keyring(), kContext, changed);
  }
  for (int bit = 0; bit < 31; ++bit) {
    Sealed changed = sealed;
    changed.set_format(sealed.format() ^ (1 << bit));
    ExpectRefused(keyring(), kContext, changed);
  }
  ExpectRefused(keyring(), kContext, Sealed());
}

TEST_P(KeyringContract, RefusesAnyOtherContext) {
  const Sealed sealed = keyring().Seal(kContext, Secret(kSecret));
  for (const std::string& context : Mutations(std::string(kContext))) {
    ExpectRefused(keyring(), context, sealed);
  }
}

TEST_P(KeyringContract, RefusesPartsOfAnotherSeal) {
  const Sealed sealed = keyring().Seal(kContext, Secret(kSecret));
  const Sealed second = keyring().Seal(kContext, Secret(kSecret));
  Sealed mixed = sealed;
  mixed.set_nonce(second.nonce());
  ExpectRefused(keyring(), kContext, mixed);
  mixed = sealed;
  mixed.set_ciphertext(second.ciphertext());
  ExpectRefused(keyring(), kContext, mixed);
}

TEST_P(KeyringContract, RefusesWhatAnotherKeySealed) {
  const Sealed sealed = other().Seal(kContext, Secret(kSecret));
  ASSERT_EQ(sealed.key_id(),
            keyring().Seal(kContext, Secret(kSecret)).key_id());
  const absl::StatusOr<Secret> opened = keyring().Open(kContext, sealed);
  EXPECT_EQ(opened.status().code(), StatusCode::kDataLoss);
}

TEST_P(KeyringContract, TellsAMissingKeyAndAnUnknownFormatFromDamage) {
  const Sealed sealed = keyring().Seal(kContext, Secret(kSecret));
  const auto code = [this](const Sealed& changed) {
    return keyring().Open(kContext, changed).status().code();
  };
  Sealed changed = sealed;
  changed.set_key_id("no-such-key");
  EXPECT_EQ(code(changed), StatusCode::kFailedPrecondition);
  changed = sealed;
  changed.set_format(99);
  EXPECT_EQ(code(changed), StatusCode::kFailedPrecondition);
  changed = sealed;
  changed.set_nonce("short");
  EXPECT_EQ(code(changed), StatusCode::kDataLoss);
  changed = sealed;
  changed.set_ciphertext("short");
  EXPECT_EQ(code(changed), StatusCode::kDataLoss);
  EXPECT_EQ(keyring().Open("elsewhere", sealed).status().code(),
            StatusCode::kDataLoss);
}

TEST_P(KeyringContract, HashesTheSameToTheSame) {
  const std::string hash = keyring().KeyedHash("state", "abc");
  EXPECT_EQ(hash.size(), 32u);
  EXPECT_EQ(keyring().KeyedHash("state", "abc"), hash);
  EXPECT_EQ(GetParam().make()->KeyedHash("state", "abc"), hash);
}

TEST_P(KeyringContract, HashesDifferByContextByDataAndByKey) {
  std::set<std::string> hashes = {
      keyring().KeyedHash("state", "abc"), keyring().KeyedHash("state", "abd"),
      keyring().KeyedHash("state", "ab"),  keyring().KeyedHash("state", ""),
      keyring().KeyedHash("statea", "bc"), keyring().KeyedHash("stat", "eabc"),
      keyring().KeyedHash("", "stateabc"), keyring().KeyedHash("stateabc", ""),
      other().KeyedHash("state", "abc")};
  EXPECT_EQ(hashes.size(), 9u);
}

}  // namespace
}  // namespace tokenbroker
