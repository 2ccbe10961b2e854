// SPDX-License-Identifier: Apache-2.0
#include "broker/sealing.h"

#include <initializer_list>

#include "absl/strings/str_cat.h"
#include "broker/status_macros.h"

namespace tokenbroker {
namespace {

using storage::v1::AttemptRecord;
using storage::v1::AuthorizationSecrets;
using storage::v1::ConnectionRecord;
using storage::v1::Sealed;

// Parts with their lengths, so that no two lists of parts spell the same.
std::string Context(std::initializer_list<absl::string_view> parts) {
  std::string context;
  for (const absl::string_view part : parts) {
    absl::StrAppend(&context, part.size(), ":", part);
  }
  return context;
}

std::string TokenContext(const ConnectionRecord& record,
                         absl::string_view field) {
  const v1::Connection& connection = record.connection();
  return Context({"connections", connection.provider(), connection.subject(),
                  field, absl::StrCat(connection.generation())});
}

std::string SecretsContext(absl::string_view state_hash) {
  return Context({"authorizations", state_hash, "secrets"});
}

std::string ResponseContext(const AttemptRecord& attempt) {
  return Context({"attempts", attempt.provider(), attempt.subject(),
                  attempt.id(), "response",
                  absl::StrCat(attempt.generation())});
}

// Serialized bytes hold secrets too, so they go straight into a Secret.
template <typename Message>
Secret Serialize(const Message& message) {
  std::string bytes = message.SerializeAsString();
  return Secret::Take(&bytes);
}

template <typename Message>
absl::StatusOr<Message> Parse(const Secret& secret) {
  const absl::string_view bytes = secret.Reveal();
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("sealed message does not parse");
  }
  return message;
}

absl::StatusOr<Secret> OpenToken(const Keyring& keyring,
                                 const ConnectionRecord& record, bool present,
                                 const Sealed& sealed,
                                 absl::string_view field) {
  if (!present) return absl::NotFoundError(absl::StrCat("no ", field));
  return keyring.Open(TokenContext(record, field), sealed);
}

}  // namespace

void SealTokens(const Keyring& keyring, const Secret& access_token,
                const std::optional<Secret>& refresh_token,
                ConnectionRecord* record) {
  *record->mutable_access_token() =
      keyring.Seal(TokenContext(*record, "access_token"), access_token);
  if (refresh_token.has_value()) {
    *record->mutable_refresh_token() =
        keyring.Seal(TokenContext(*record, "refresh_token"), *refresh_token);
  } else {
    record->clear_refresh_token();
  }
}

absl::StatusOr<Secret> OpenAccessToken(const Keyring& keyring,
                                       const ConnectionRecord& record) {
  return OpenToken(keyring, record, record.has_access_token(),
                   record.access_token(), "access_token");
}

absl::StatusOr<Secret> OpenRefreshToken(const Keyring& keyring,
                                        const ConnectionRecord& record) {
  return OpenToken(keyring, record, record.has_refresh_token(),
                   record.refresh_token(), "refresh_token");
}

std::string StateHash(const Keyring& keyring, absl::string_view state) {
  return keyring.KeyedHash("state", state);
}

Sealed SealAuthorizationSecrets(const Keyring& keyring,
                                absl::string_view state_hash,
                                const AuthorizationSecrets& secrets) {
  return keyring.Seal(SecretsContext(state_hash), Serialize(secrets));
}

absl::StatusOr<AuthorizationSecrets> OpenAuthorizationSecrets(
    const Keyring& keyring, absl::string_view state_hash,
    const Sealed& sealed) {
  ABSL_ASSIGN_OR_RETURN(const Secret bytes,
                        keyring.Open(SecretsContext(state_hash), sealed));
  return Parse<AuthorizationSecrets>(bytes);
}

Sealed SealResponse(const Keyring& keyring, const AttemptRecord& attempt,
                    const HttpResponse& response) {
  storage::v1::KeptResponse kept;
  kept.set_status(response.status);
  kept.set_content_type(response.content_type);
  kept.set_retry_after(response.retry_after);
  const absl::string_view body = response.body.Reveal();
  kept.set_body(body.data(), body.size());
  Sealed sealed = keyring.Seal(ResponseContext(attempt), Serialize(kept));
  WipeString(kept.mutable_body());
  return sealed;
}

absl::StatusOr<HttpResponse> OpenResponse(const Keyring& keyring,
                                          const AttemptRecord& attempt) {
  ABSL_ASSIGN_OR_RETURN(
      const Secret bytes,
      keyring.Open(ResponseContext(attempt), attempt.response()));
  ABSL_ASSIGN_OR_RETURN(storage::v1::KeptResponse kept,
                        Parse<storage::v1::KeptResponse>(bytes));
  HttpResponse response;
  response.status = kept.status();
  response.content_type = kept.content_type();
  response.retry_after = kept.retry_after();
  response.body = Secret::Take(kept.mutable_body());
  return response;
}

}  // namespace tokenbroker
