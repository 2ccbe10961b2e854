// SPDX-License-Identifier: Apache-2.0
//
// Signed JWTs that prove the client (RFC 7523 3; RFC 7515, RFC 7518).
#ifndef TOKENBROKER_PROVIDERS_CLIENT_ASSERTION_H_
#define TOKENBROKER_PROVIDERS_CLIENT_ASSERTION_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/secret.h"

struct evp_pkey_st;

namespace tokenbroker {

// A private key: elliptic on P-256, or RSA of at least 2048 bits. Immutable,
// hence thread-safe; copies share the key.
class SigningKey {
 public:
  // kInvalidArgument, with nothing of the key in the message, if `pem` is not
  // such a key, or is encrypted.
  static absl::StatusOr<SigningKey> FromPem(const Secret& pem);

  // base64url(SHA-256) of the certificate, which is its `x5t#S256` (RFC 7515
  // 4.1.8). kInvalidArgument if it is none, or not of this key.
  absl::StatusOr<std::string> ThumbprintOf(
      absl::string_view certificate_pem) const;

  // `ES256` or `RS256`.
  absl::string_view algorithm() const;

  // RFC 7518 3.3 and 3.4, as raw bytes; empty if OpenSSL fails.
  std::string Sign(absl::string_view text) const;

 private:
  explicit SigningKey(std::shared_ptr<evp_pkey_st> key);

  std::shared_ptr<evp_pkey_st> key_;
};

struct AssertionClaims {
  std::string issuer;
  std::string subject;
  std::string audience;
  // `jti`: text that no other assertion has.
  std::string id;
  absl::Time issue_time;
  absl::Duration life;
};

// The JWT. `key_id` (`kid`) and `thumbprint` (`x5t#S256`) stand in its header
// unless they are empty.
absl::StatusOr<Secret> SignAssertion(const SigningKey& key,
                                     absl::string_view key_id,
                                     absl::string_view thumbprint,
                                     const AssertionClaims& claims);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_CLIENT_ASSERTION_H_
