// SPDX-License-Identifier: Apache-2.0
#include "storage/file_keyring.h"

#include <sys/stat.h>

#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "broker/random.h"
#include "gtest/gtest.h"
#include "storage/aead.h"
#include "tests/contract/keyring_contract.h"
#include "tests/storage/keyrings.h"
#include "tests/storage/temp_dir.h"

namespace tokenbroker {
namespace {

using absl::StatusCode;

// A keyring that brings its own randomness.
KeyringCase::Maker Maker(char key, char index_key) {
  return [key, index_key]() -> std::unique_ptr<Keyring> {
    static SystemRandom random;
    return MakeKeyring(KeyringYaml(key, index_key), random);
  };
}

INSTANTIATE_TEST_SUITE_P(File, KeyringContract,
                         testing::Values(KeyringCase{Maker('a', 'i'),
                                                     Maker('b', 'j')}));

TEST(FileKeyringTest, SealsAsTheReadmeSays) {
  SystemRandom random;
  const auto keyring = MakeKeyring(KeyringYaml('a', 'i'), random);
  const storage::v1::Sealed sealed = keyring->Seal("here", Secret("token"));
  EXPECT_EQ(sealed.format(), 1);
  EXPECT_EQ(sealed.key_id(), "k1");
  EXPECT_EQ(sealed.nonce().size(), 24u);
  EXPECT_EQ(sealed.ciphertext().size(), 5u + 16u);
  const auto opened = AeadOpen(std::string(32, 'a'), "1:12:k14:here",
                               sealed.nonce(), sealed.ciphertext());
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->Reveal(), "token");
}

TEST(FileKeyringTest, HashesWithKeyedBlake2b) {
  SystemRandom random;
  const auto keyring = MakeKeyring(KeyringYaml('a', 'i'), random);
  // Python: hashlib.blake2b(b"5:state3:abc", key=b"i"*32, digest_size=32)
  EXPECT_EQ(absl::BytesToHexString(keyring->KeyedHash("state", "abc")),
            "30bc117ed41a084a4ffe3ab76ed4a5f43d042b4c684fcd46c87993aab9d51015");
}

TEST(FileKeyringTest, SealsWithThePrimaryKeyAndOpensWithAny) {
  SystemRandom random;
  const auto old_one = MakeKeyring(KeyringYaml('a', 'i'), random);
  const auto new_one = MakeKeyring(RotatedKeyringYaml('a', 'b', 'i'), random);
  EXPECT_EQ(new_one->Seal("here", Secret("x")).key_id(), "k2");
  EXPECT_TRUE(new_one->Open("here", old_one->Seal("here", Secret("x"))).ok());
  EXPECT_EQ(
      old_one->Open("here", new_one->Seal("here", Secret("x"))).status().code(),
      StatusCode::kFailedPrecondition);
  EXPECT_EQ(old_one->KeyedHash("state", "abc"),
            new_one->KeyedHash("state", "abc"));
}

TEST(FileKeyringTest, RefusesAKeyringThatIsNone) {
  SystemRandom random;
  const std::string good = RotatedKeyringYaml('a', 'b', 'i');
  const auto with = [&good](absl::string_view from, absl::string_view to) {
    EXPECT_TRUE(absl::StrContains(good, from)) << from;
    return absl::StrReplaceAll(good, {{from, to}});
  };
  const struct {
    std::string yaml;
    std::string says;
  } cases[] = {
      {"", "the-file:1:"},
      {"primary_key_id: k1\n", "the-file:1: primary_key_id"},
      {with("primary_key_id: k2", "primary_key_id: k3"), "primary_key_id"},
      {with("primary_key_id: k2", "primary_key_id: \"\""), "primary_key_id"},
      {with("primary_key_id: k2", "colour: red"), "colour"},
      {with("- id: k2", "- id: k1"), "the-file:5: keys[1].id"},
      {with("- id: k1", "- id: K1"), "keys[0].id"},
      {with("- id: k1", "- id: \"\""), "keys[0].id"},
      {with("- id: k1", "- id: k_1"), "keys[0].id"},
      {with("- id: k1", "- id: " + std::string(64, 'k')), "keys[0].id"},
      {with(TestKey('b'), TestKey('b').substr(1)), "keys[1].secret"},
      {with(TestKey('b'), ""), "keys[1].secret"},
      {with(TestKey('b'), " " + TestKey('b')), "keys[1].secret"},
      {with(TestKey('i'), "short"), "the-file:7: index_key"},
      {with(TestKey('i'), ""), "index_key"},
  };
  for (const auto& test : cases) {
    const auto keyring = FileKeyring::Parse(test.yaml, random, "the-file");
    EXPECT_EQ(keyring.status().code(), StatusCode::kInvalidArgument)
        << test.yaml;
    EXPECT_TRUE(absl::StartsWith(keyring.status().message(), "the-file:"))
        << keyring.status();
    EXPECT_TRUE(absl::StrContains(keyring.status().message(), test.says))
        << keyring.status();
  }
}

TEST(FileKeyringTest, TakesAKeyIdOf63Bytes) {
  SystemRandom random;
  const std::string id(63, 'k');
  EXPECT_NE(
      MakeKeyring(absl::StrReplaceAll(KeyringYaml('a', 'i'), {{"k1", id}}),
                  random),
      nullptr);
}

TEST(FileKeyringTest, TellsNoKeyInAnError) {
  SystemRandom random;
  // Not quite Base64 of 32 bytes.
  const std::string almost = TestKey('b').substr(1);
  const auto keyring =
      FileKeyring::Parse(absl::StrReplaceAll(RotatedKeyringYaml('a', 'b', 'i'),
                                             {{TestKey('b'), almost}}),
                         random);
  ASSERT_FALSE(keyring.ok());
  EXPECT_FALSE(absl::StrContains(keyring.status().message(), almost));
}

TEST(FileKeyringTest, LoadsAFileThatIsItsOwnersAlone) {
  const TempDir dir;
  SystemRandom random;
  WriteBytes(dir / "keyring", KeyringYaml('a', 'i'));
  ASSERT_EQ(chmod((dir / "keyring").c_str(), 0644), 0);
  EXPECT_EQ(FileKeyring::Load(dir / "keyring", random).status().code(),
            StatusCode::kPermissionDenied);
  ASSERT_EQ(chmod((dir / "keyring").c_str(), 0400), 0);
  EXPECT_TRUE(FileKeyring::Load(dir / "keyring", random).ok());
  EXPECT_EQ(FileKeyring::Load(dir / "none", random).status().code(),
            StatusCode::kNotFound);
}

}  // namespace
}  // namespace tokenbroker
