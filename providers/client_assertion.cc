// SPDX-License-Identifier: Apache-2.0
#include "providers/client_assertion.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "providers/json.h"

namespace tokenbroker {
namespace {

constexpr int kLeastRsaBits = 2048;
// r and s on P-256, and both.
constexpr int kHalf = 32;
constexpr size_t kWhole = 64;

using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free)>;

BioPtr Reader(absl::string_view text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())),
          &BIO_free};
}

// Instead of OpenSSL's, which would ask the terminal.
int NoPassword(char* /*buffer*/, int /*size*/, int /*rwflag*/, void* /*arg*/) {
  return -1;
}

bool IsP256(EVP_PKEY* key) {
  std::array<char, 64> group;
  size_t size = 0;
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
         EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
         OBJ_txt2nid(group.data()) == NID_X9_62_prime256v1;
}

bool IsRsa(EVP_PKEY* key) {
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
         EVP_PKEY_get_bits(key) >= kLeastRsaBits;
}

// r and s after each other, each of 32 bytes, out of OpenSSL's DER (RFC 7518
// 3.4).
std::string RawSignature(const std::string& der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature(
      d2i_ECDSA_SIG(nullptr, &bytes, static_cast<int>(der.size())),
      &ECDSA_SIG_free);
  if (signature == nullptr) return "";
  std::array<unsigned char, kWhole> raw;
  if (BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), kHalf) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + kHalf,
                   kHalf) < 0) {
    return "";
  }
  return {raw.begin(), raw.end()};
}

// Text that is no UTF-8 must not end the process.
std::string Text(const nlohmann::ordered_json& object) {
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

SigningKey::SigningKey(std::shared_ptr<evp_pkey_st> key)
    : key_(std::move(key)) {}

absl::StatusOr<SigningKey> SigningKey::FromPem(const Secret& pem) {
  const BioPtr reader = Reader(pem.Reveal());
  std::shared_ptr<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(reader.get(), nullptr, &NoPassword, nullptr),
      &EVP_PKEY_free);
  ERR_clear_error();
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        "must hold one private key in PEM, not encrypted");
  }
  if (!IsP256(key.get()) && !IsRsa(key.get())) {
    return absl::InvalidArgumentError(
        "must hold an elliptic key on P-256 or an RSA key of at least 2048 "
        "bits");
  }
  return SigningKey(std::move(key));
}

absl::StatusOr<std::string> SigningKey::ThumbprintOf(
    absl::string_view certificate_pem) const {
  const BioPtr reader = Reader(certificate_pem);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(reader.get(), nullptr, &NoPassword, nullptr),
      &X509_free);
  ERR_clear_error();
  if (certificate == nullptr) {
    return absl::InvalidArgumentError("must hold a certificate in PEM");
  }
  if (EVP_PKEY_eq(X509_get0_pubkey(certificate.get()), key_.get()) != 1) {
    return absl::InvalidArgumentError(
        "holds the certificate of another key than private_key_file");
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
  unsigned int size = 0;
  X509_digest(certificate.get(), EVP_sha256(), hash.data(), &size);
  return absl::WebSafeBase64Escape(
      absl::string_view(reinterpret_cast<const char*>(hash.data()), size));
}

absl::string_view SigningKey::algorithm() const {
  return EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_EC ? "ES256" : "RS256";
}

std::string SigningKey::Sign(absl::string_view text) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
      EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr,
                         key_.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1) {
    return "";
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(),
                     reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes, text.size()) != 1) {
    return "";
  }
  signature.resize(size);
  return algorithm() == "ES256" ? RawSignature(signature) : signature;
}

absl::StatusOr<Secret> SignAssertion(const SigningKey& key,
                                     absl::string_view key_id,
                                     absl::string_view thumbprint,
                                     const AssertionClaims& claims) {
  nlohmann::ordered_json header = {{"alg", std::string(key.algorithm())},
                                   {"typ", "JWT"}};
  if (!key_id.empty()) header["kid"] = std::string(key_id);
  if (!thumbprint.empty()) header["x5t#S256"] = std::string(thumbprint);
  nlohmann::ordered_json body = {
      {"iss", claims.issuer},
      {"sub", claims.subject},
      {"aud", claims.audience},
      {"iat", absl::ToUnixSeconds(claims.issue_time)},
      {"exp", absl::ToUnixSeconds(claims.issue_time + claims.life)}};
  if (!claims.id.empty()) body["jti"] = claims.id;
  std::string signed_text =
      absl::StrCat(absl::WebSafeBase64Escape(Text(header)), ".",
                   absl::WebSafeBase64Escape(Text(body)));
  const std::string signature = key.Sign(signed_text);
  if (signature.empty()) return absl::InternalError("OpenSSL cannot sign");
  absl::StrAppend(&signed_text, ".", absl::WebSafeBase64Escape(signature));
  return Secret::Take(&signed_text);
}

}  // namespace tokenbroker
