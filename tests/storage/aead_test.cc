// SPDX-License-Identifier: Apache-2.0
#include "storage/aead.h"

#include <string>

#include "absl/strings/escaping.h"
#include "broker/random.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

class FixedRandom final : public Random {
 public:
  explicit FixedRandom(const std::string& bytes) : bytes_(bytes) {}
  std::string Bytes(size_t count) override {
    EXPECT_EQ(count, bytes_.size());
    return bytes_;
  }

 private:
  const std::string bytes_;
};

// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
const std::string kKey = absl::HexStringToBytes(
    "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
const std::string kNonce =
    absl::HexStringToBytes("404142434445464748494a4b4c4d4e4f5051525354555657");
const std::string kAssociatedData =
    absl::HexStringToBytes("50515253c0c1c2c3c4c5c6c7");
constexpr absl::string_view kPlaintext =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one "
    "tip for the future, sunscreen would be it.";
const std::string kCiphertextAndTag = absl::HexStringToBytes(
    "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
    "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
    "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
    "21f9664c97637da9768812f615c68b13b52e"
    "c0875924c1c7987947deafd8780acf49");

TEST(AeadTest, SealsThePublishedVector) {
  FixedRandom random(kNonce);
  const AeadMessage message =
      AeadSeal(kKey, kAssociatedData, Secret(kPlaintext), random);
  EXPECT_EQ(message.nonce, kNonce);
  EXPECT_EQ(absl::BytesToHexString(message.ciphertext),
            absl::BytesToHexString(kCiphertextAndTag));
}

TEST(AeadTest, OpensThePublishedVector) {
  const auto opened =
      AeadOpen(kKey, kAssociatedData, kNonce, kCiphertextAndTag);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->Reveal(), kPlaintext);
}

TEST(AeadTest, SealsAndOpensNothing) {
  FixedRandom random(kNonce);
  const AeadMessage message = AeadSeal(kKey, "", Secret(), random);
  EXPECT_EQ(message.ciphertext.size(), 16u);
  const auto opened = AeadOpen(kKey, "", message.nonce, message.ciphertext);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_TRUE(opened->empty());
}

TEST(AeadTest, RefusesWhateverDiffers) {
  const auto flipped = [](std::string bytes, size_t at) {
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    return bytes;
  };
  const struct {
    const char* what;
    std::string key, associated_data, nonce, ciphertext;
  } cases[] = {
      {"key", flipped(kKey, 31), kAssociatedData, kNonce, kCiphertextAndTag},
      {"associated data", kKey, flipped(kAssociatedData, 0), kNonce,
       kCiphertextAndTag},
      {"no associated data", kKey, "", kNonce, kCiphertextAndTag},
      {"nonce", kKey, kAssociatedData, flipped(kNonce, 23), kCiphertextAndTag},
      {"short nonce", kKey, kAssociatedData, kNonce.substr(1),
       kCiphertextAndTag},
      {"long nonce", kKey, kAssociatedData, kNonce + "x", kCiphertextAndTag},
      {"ciphertext", kKey, kAssociatedData, kNonce,
       flipped(kCiphertextAndTag, 0)},
      {"tag", kKey, kAssociatedData, kNonce,
       flipped(kCiphertextAndTag, kCiphertextAndTag.size() - 1)},
      {"short of the tag", kKey, kAssociatedData, kNonce,
       kCiphertextAndTag.substr(0, 15)},
      {"nothing", kKey, kAssociatedData, kNonce, ""},
      {"cut", kKey, kAssociatedData, kNonce,
       kCiphertextAndTag.substr(0, kCiphertextAndTag.size() - 1)},
      {"more", kKey, kAssociatedData, kNonce, kCiphertextAndTag + "x"},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(
        AeadOpen(test.key, test.associated_data, test.nonce, test.ciphertext)
            .status()
            .code(),
        absl::StatusCode::kDataLoss)
        << test.what;
  }
}

}  // namespace
}  // namespace tokenbroker
