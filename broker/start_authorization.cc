// SPDX-License-Identifier: Apache-2.0
#include "broker/start_authorization.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "broker/clock.h"
#include "broker/errors.h"
#include "broker/event_log.h"
#include "broker/exchange.h"
#include "broker/failpoints.h"
#include "broker/keyring.h"
#include "broker/proto_time.h"
#include "broker/provider_directory.h"
#include "broker/random.h"
#include "broker/sealing.h"
#include "broker/token_store.h"

namespace tokenbroker {
namespace {

// 256 random bits, printable.
std::string RandomText(Random& random) {
  return absl::WebSafeBase64Escape(random.Bytes(32));
}

// RFC 7636 4.2: base64url(SHA-256(verifier)).
std::string CodeChallenge(absl::string_view verifier) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> hash;
  crypto_hash_sha256(hash.data(),
                     reinterpret_cast<const unsigned char*>(verifier.data()),
                     verifier.size());
  return absl::WebSafeBase64Escape(absl::string_view(
      reinterpret_cast<const char*>(hash.data()), hash.size()));
}

template <typename Range>
bool Contains(const Range& range, absl::string_view value) {
  return std::find(range.begin(), range.end(), value) != range.end();
}

std::vector<FieldViolation> CheckAgainst(
    const Provider& provider, const v1::StartAuthorizationRequest& request) {
  const config::v1::Provider& settings = provider.settings();
  std::vector<FieldViolation> violations = provider.CheckVariables(
      {request.variables().begin(), request.variables().end()});
  if (!Contains(settings.redirect_uris(), request.redirect_uri())) {
    violations.push_back({"redirect_uri",
                          "must equal one of the provider's configured "
                          "redirect URIs, byte for byte"});
  }
  for (const auto& [name, value] : request.extra_params()) {
    if (!Contains(settings.allowed_extra_params(), name)) {
      violations.push_back(
          {absl::StrCat("extra_params[", name, "]"),
           "is not allowed by the provider's preset or configuration"});
    }
  }
  return violations;
}

}  // namespace

StartAuthorization::StartAuthorization(const Seams& seams) : seams_(seams) {}

absl::StatusOr<v1::StartAuthorizationResponse> StartAuthorization::Start(
    absl::string_view caller, const v1::StartAuthorizationRequest& request) {
  // No user is sent on a way that could not be finished.
  if (!seams_.store.Writable().ok()) return StorageUnavailableError();
  const auto provider = seams_.providers.Find(request.provider());
  if (absl::IsNotFound(provider.status())) {
    return ProviderNotFoundError(request.provider());
  }
  if (!provider.ok()) {
    return ProviderUnavailableError(request.provider(), absl::Seconds(5));
  }
  const config::v1::Provider& settings = (*provider)->settings();
  const auto violations = CheckAgainst(**provider, request);
  if (!violations.empty()) return InvalidFieldsError(violations);

  const absl::Time now = seams_.clock.TimeNow();
  const std::string state = RandomText(seams_.random);
  const std::string state_hash = StateHash(seams_.keyring, state);
  storage::v1::AuthorizationRecord authorization;
  authorization.set_provider(request.provider());
  authorization.set_subject(request.subject());
  authorization.set_redirect_uri(request.redirect_uri());
  *authorization.mutable_scopes() =
      request.scopes().empty() ? settings.scopes() : request.scopes();
  *authorization.mutable_attributes() = request.variables();
  authorization.set_caller(std::string(caller));
  *authorization.mutable_create_time() = ToProto(now);
  *authorization.mutable_expire_time() = ToProto(now + kAuthorizationLife);
  storage::v1::AuthorizationSecrets secrets;
  secrets.set_code_verifier(RandomText(seams_.random));
  if (Contains(authorization.scopes(), "openid") &&
      settings.id_token() == config::v1::ID_TOKEN_UNSPECIFIED) {
    secrets.set_nonce(RandomText(seams_.random));
  }
  *authorization.mutable_secrets() =
      SealAuthorizationSecrets(seams_.keyring, state_hash, secrets);
  const absl::StatusOr<std::string> url = (*provider)->AuthorizationUrl(
      {.redirect_uri = request.redirect_uri(),
       .scopes = {authorization.scopes().begin(), authorization.scopes().end()},
       .state = state,
       .nonce = secrets.nonce(),
       .code_challenge = CodeChallenge(secrets.code_verifier()),
       .login_hint = request.login_hint(),
       .extra_params = {request.extra_params().begin(),
                        request.extra_params().end()},
       .attributes = AttributesOf(authorization)});
  WipeString(secrets.mutable_code_verifier());
  if (!url.ok()) {
    return CannotAsk(seams_.log, request.provider(), url.status());
  }
  TOKENBROKER_FAILPOINT("start.before_remember");
  if (const absl::Status status =
          seams_.store.Remember(state_hash, authorization);
      !status.ok()) {
    return FromStoreError(status, request.provider());
  }
  TOKENBROKER_FAILPOINT("start.after_remember");

  v1::StartAuthorizationResponse response;
  response.set_authorization_url(*url);
  response.set_state(state);
  *response.mutable_expire_time() = authorization.expire_time();
  seams_.log.Write(EventLog::Level::kInfo, "authorization_started",
                   {{"caller", caller},
                    {"provider", request.provider()},
                    {"subject", request.subject()}});
  return response;
}

}  // namespace tokenbroker
