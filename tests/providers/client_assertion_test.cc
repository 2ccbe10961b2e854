// SPDX-License-Identifier: Apache-2.0
#include "providers/client_assertion.h"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "tests/storage/temp_dir.h"

namespace tokenbroker {
namespace {

using nlohmann::json;

constexpr char kP256[] = "EC -pkeyopt ec_paramgen_curve:P-256";
constexpr char kRsa[] = "RSA -pkeyopt rsa_keygen_bits:2048";

class ClientAssertionTest : public testing::Test {
 protected:
  // Has openssl do something in a folder of its own.
  void OpenSsl(const std::string& arguments) {
    ASSERT_EQ(std::system(absl::StrCat("cd ", dir_.path(), " && openssl ",
                                       arguments, " > log 2>&1")
                              .c_str()),
              0)
        << ReadBytes(dir_ / "log");
  }
  // A new key in `key.pem`, which openssl describes by `kind`.
  Secret NewPem(const std::string& kind) {
    OpenSsl(absl::StrCat("genpkey -algorithm ", kind, " -out key.pem"));
    return Secret(ReadBytes(dir_ / "key.pem"));
  }
  SigningKey NewKey(const std::string& kind) {
    auto key = SigningKey::FromPem(NewPem(kind));
    EXPECT_TRUE(key.ok()) << key.status();
    return *std::move(key);
  }
  // Has openssl check the JWT's signature with the public key.
  bool IsSigned(const std::vector<std::string>& parts, bool is_elliptic) {
    std::string signature;
    EXPECT_TRUE(absl::WebSafeBase64Unescape(parts[2], &signature));
    if (is_elliptic) {
      // openssl wants the two numbers in ASN.1, which it makes of their digits.
      EXPECT_EQ(signature.size(), 64u);
      WriteBytes(
          dir_ / "asn1",
          absl::StrCat("asn1=SEQUENCE:pair\n[pair]\nr=INTEGER:0x",
                       absl::BytesToHexString(signature.substr(0, 32)),
                       "\ns=INTEGER:0x",
                       absl::BytesToHexString(signature.substr(32)), "\n"));
      OpenSsl("asn1parse -genconf asn1 -out signature -noout");
    } else {
      WriteBytes(dir_ / "signature", signature);
    }
    WriteBytes(dir_ / "text", absl::StrCat(parts[0], ".", parts[1]));
    OpenSsl("pkey -in key.pem -pubout -out public.pem");
    return std::system(absl::StrCat("cd ", dir_.path(),
                                    " && openssl dgst -sha256 -verify "
                                    "public.pem -signature signature text "
                                    "> log 2>&1")
                           .c_str()) == 0;
  }
  static json Part(const std::string& part) {
    std::string text;
    EXPECT_TRUE(absl::WebSafeBase64Unescape(part, &text));
    return json::parse(text);
  }
  static std::vector<std::string> Parts(const absl::StatusOr<Secret>& jwt) {
    EXPECT_TRUE(jwt.ok()) << jwt.status();
    return absl::StrSplit(jwt->Reveal(), '.');
  }

  const TempDir dir_;
  const AssertionClaims claims_{
      .issuer = "TEAM123456",
      .subject = "com.example.app",
      .audience = "https://appleid.apple.com",
      .id = "unique",
      .issue_time = absl::FromUnixSeconds(1'800'000'000),
      .life = absl::Minutes(5)};
};

TEST_F(ClientAssertionTest, SignsWithAnEllipticKey) {
  const auto parts = Parts(SignAssertion(NewKey(kP256), "K1", "", claims_));
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(Part(parts[0]),
            (json{{"alg", "ES256"}, {"typ", "JWT"}, {"kid", "K1"}}));
  EXPECT_EQ(Part(parts[1]), (json{{"iss", "TEAM123456"},
                                  {"sub", "com.example.app"},
                                  {"aud", "https://appleid.apple.com"},
                                  {"iat", 1'800'000'000},
                                  {"exp", 1'800'000'300},
                                  {"jti", "unique"}}));
  EXPECT_TRUE(IsSigned(parts, /*is_elliptic=*/true));
}

TEST_F(ClientAssertionTest, SignsWithAnRsaKey) {
  const auto parts = Parts(SignAssertion(NewKey(kRsa), "", "thumb", claims_));
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(Part(parts[0]),
            (json{{"alg", "RS256"}, {"typ", "JWT"}, {"x5t#S256", "thumb"}}));
  EXPECT_TRUE(IsSigned(parts, /*is_elliptic=*/false));
}

TEST_F(ClientAssertionTest, CannotBeChangedOrSignedByAnother) {
  auto parts = Parts(SignAssertion(NewKey(kP256), "K1", "", claims_));
  parts[1][0] = parts[1][0] == 'a' ? 'b' : 'a';
  EXPECT_FALSE(IsSigned(parts, /*is_elliptic=*/true));
  const auto others = Parts(SignAssertion(NewKey(kP256), "K1", "", claims_));
  NewPem(kP256);
  EXPECT_FALSE(IsSigned(others, /*is_elliptic=*/true));
}

// A number that begins with zeros keeps its 32 bytes, which one in 128
// signatures needs.
TEST_F(ClientAssertionTest, AlwaysHasSixtyFourBytes) {
  const SigningKey key = NewKey(kP256);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(key.Sign(absl::StrCat(i)).size(), 64u);
  }
}

TEST_F(ClientAssertionTest, RefusesKeysThatAreTooWeakOrNone) {
  std::vector<Secret> pems;
  pems.push_back(NewPem("EC -pkeyopt ec_paramgen_curve:P-384"));
  pems.push_back(NewPem("RSA -pkeyopt rsa_keygen_bits:1024"));
  pems.push_back(NewPem("ED25519"));
  pems.push_back(
      NewPem(absl::StrCat(kP256, " -aes-256-cbc -pass pass:s3cret")));
  OpenSsl("genpkey -algorithm RSA -out key.pem");
  OpenSsl("pkey -in key.pem -pubout -out public.pem");
  pems.emplace_back(ReadBytes(dir_ / "public.pem"));
  pems.emplace_back("");
  pems.emplace_back("-----BEGIN PRIVATE KEY-----\ns3cret\n");
  for (const Secret& pem : pems) {
    const absl::Status status = SigningKey::FromPem(pem).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument)
        << pem.Reveal();
    EXPECT_FALSE(absl::StrContains(status.message(), "s3cret"));
  }
}

TEST_F(ClientAssertionTest, KnowsTheThumbprintOfItsCertificate) {
  const SigningKey key = NewKey(kP256);
  OpenSsl("req -x509 -new -key key.pem -subj /CN=a -days 2 -out cert.pem");
  OpenSsl("x509 -in cert.pem -outform der -out cert.der");
  OpenSsl("dgst -sha256 -binary -out hash cert.der");
  const auto thumbprint = key.ThumbprintOf(ReadBytes(dir_ / "cert.pem"));
  ASSERT_TRUE(thumbprint.ok()) << thumbprint.status();
  EXPECT_EQ(*thumbprint, absl::WebSafeBase64Escape(ReadBytes(dir_ / "hash")));
  EXPECT_EQ(NewKey(kP256).ThumbprintOf(ReadBytes(dir_ / "cert.pem")).status(),
            absl::InvalidArgumentError(
                "holds the certificate of another key than private_key_file"));
  EXPECT_EQ(key.ThumbprintOf("no certificate").status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tokenbroker
