// SPDX-License-Identifier: Apache-2.0
//
// The only place where clear secrets meet records. Spells every context: what
// is sealed here opens only in its table, for its provider and subject, in its
// field, at its generation. So whoever raises a generation reseals both tokens.
#ifndef TOKENBROKER_BROKER_SEALING_H_
#define TOKENBROKER_BROKER_SEALING_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/http_client.h"
#include "broker/keyring.h"
#include "broker/secret.h"
#include "tokenbroker/storage/v1/records.pb.h"

namespace tokenbroker {

// Seals the tokens into `record`, under the provider, subject and generation
// that stand in it. Without a refresh token the record gets none.
void SealTokens(const Keyring& keyring, const Secret& access_token,
                const std::optional<Secret>& refresh_token,
                storage::v1::ConnectionRecord* record);

// kNotFound if the record has no such token, else as Keyring::Open.
absl::StatusOr<Secret> OpenAccessToken(
    const Keyring& keyring, const storage::v1::ConnectionRecord& record);
absl::StatusOr<Secret> OpenRefreshToken(
    const Keyring& keyring, const storage::v1::ConnectionRecord& record);

// What an authorization is kept under.
std::string StateHash(const Keyring& keyring, absl::string_view state);

// The verifier and nonce of the authorization kept under `state_hash`.
storage::v1::Sealed SealAuthorizationSecrets(
    const Keyring& keyring, absl::string_view state_hash,
    const storage::v1::AuthorizationSecrets& secrets);
absl::StatusOr<storage::v1::AuthorizationSecrets> OpenAuthorizationSecrets(
    const Keyring& keyring, absl::string_view state_hash,
    const storage::v1::Sealed& sealed);

// The answer to `attempt`, as it came.
storage::v1::Sealed SealResponse(const Keyring& keyring,
                                 const storage::v1::AttemptRecord& attempt,
                                 const HttpResponse& response);
absl::StatusOr<HttpResponse> OpenResponse(
    const Keyring& keyring, const storage::v1::AttemptRecord& attempt);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_SEALING_H_
