// SPDX-License-Identifier: Apache-2.0
//
// Seam: what to ask a provider, and how to read its answers. Pure functions
// without I/O, so that an answer kept before a crash is read the same way
// after it.
#ifndef TOKENBROKER_BROKER_PROVIDER_H_
#define TOKENBROKER_BROKER_PROVIDER_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/http_client.h"
#include "broker/secret.h"
#include "broker/validation.h"
#include "tokenbroker/config/v1/provider.pb.h"
#include "tokenbroker/v1/token_broker.pb.h"

namespace tokenbroker {

// What a connection has besides its tokens, by name: a tenant, an instance.
using Attributes = std::map<std::string, std::string>;

struct NamedTokenSet;

// What a provider hands out.
struct TokenSet {
  Secret access_token;
  std::string token_type;
  // Absent: the provider gave none; on refresh the old one stays.
  std::optional<Secret> refresh_token;
  // absl::InfiniteFuture() if the provider gave no life.
  absl::Time expire_time = absl::InfiniteFuture();
  // What was granted: as the answer says, else as was asked.
  std::vector<std::string> scopes;
  // From the ID token of a code exchange; empty otherwise.
  v1::Account account;
  // What the answer says of the connection besides.
  Attributes attributes;
  // When the user must consent again whatever is refreshed, if the answer says
  // so.
  absl::Time grant_expire_time = absl::InfiniteFuture();
  // The further pairs of tokens in the same answer. They have neither account
  // nor attributes nor further pairs.
  std::vector<NamedTokenSet> named;
};

struct NamedTokenSet {
  std::string name;
  TokenSet tokens;
};

// How an exchange ended, from all evidence and not from the HTTP status alone.
enum class OutcomeClass {
  kSuccess,         // tokens
  kNotSent,         // no byte left us: the credential is unspent
  kTransient,       // refused for now: the credential is unspent
  kUnknown,         // sent, but no usable answer: nobody knows
  kClientRejected,  // our client or request is wrong; says nothing of the grant
  kGrantDead,       // the provider says the code or the grant is over
};

struct Outcome {
  OutcomeClass outcome_class = OutcomeClass::kUnknown;
  // Set exactly on kSuccess.
  std::optional<TokenSet> tokens;
  // The provider asks not to come back before; zero if it does not.
  absl::Duration retry_after;
  // The provider's error code if it is a registered one or one that the
  // settings have a rule for, else "other", else empty. Safe to log and to pass
  // on.
  std::string provider_error;
  // What was wrong, in our words. Safe to log.
  std::string detail;
  // The answer's HTTP status; 0 if none came. Filled in by who sent the
  // request.
  int http_status = 0;
};

struct AuthorizationUrlParams {
  std::string redirect_uri;
  std::vector<std::string> scopes;
  std::string state;
  // Empty: no ID token is asked for.
  std::string nonce;
  // base64url(SHA-256(verifier)), RFC 7636 4.2.
  std::string code_challenge;
  std::string login_hint;
  // Already checked against the allow-list.
  std::map<std::string, std::string> extra_params;
  // Already checked by CheckVariables.
  Attributes attributes;
};

struct CodeGrant {
  Secret code;
  std::string redirect_uri;
  Secret code_verifier;
};

// What a request needs to know besides the credential that it spends.
struct RequestContext {
  // When it is made: what is signed counts from here.
  absl::Time now;
  // Bytes that no other request has, for what is signed.
  std::string unique;
  // The connection's; for a code also `state`, the authorization's.
  Attributes attributes;
};

// What reading an answer needs to know of the question.
struct ReadContext {
  // When the request was sent: lives count from here.
  absl::Time sent_time;
  // What was asked for, or granted before.
  std::vector<std::string> scopes;
  // A code exchange: the ID token is required if `nonce` is set, and checked.
  bool code_exchange = false;
  std::string nonce;
};

// Immutable, hence thread-safe.
class Provider {
 public:
  virtual ~Provider() = default;

  // The configuration with the preset merged in and discovered endpoints
  // filled in.
  virtual const config::v1::Provider& settings() const = 0;

  // What is wrong with the variables a caller starts an authorization with;
  // empty if nothing is. Fields are `variables[NAME]`.
  virtual std::vector<FieldViolation> CheckVariables(
      const Attributes& variables) const = 0;

  // RFC 6749 4.1.1, RFC 7636 4.3, OpenID Connect Core 3.1.2.1. This and the
  // requests below are kFailedPrecondition if they need an attribute that is
  // not known.
  virtual absl::StatusOr<std::string> AuthorizationUrl(
      const AuthorizationUrlParams& params) const = 0;

  // Checks the callback's signature, if the provider signs it, and returns
  // `known` with what the callback says. `params` are all its parameters.
  // kPermissionDenied: the signature is missing or wrong, or a value does not
  // match its pattern or what is known.
  virtual absl::StatusOr<Attributes> ReadCallback(
      const std::map<std::string, std::string>& params,
      const Attributes& known) const = 0;

  // RFC 6749 4.1.3.
  virtual absl::StatusOr<HttpRequest> CodeRequest(
      const CodeGrant& grant, const RequestContext& context) const = 0;

  // RFC 6749 6. `is_first`: the refresh token came with a code.
  virtual absl::StatusOr<HttpRequest> RefreshRequest(
      const Secret& refresh_token, bool is_first,
      const RequestContext& context) const = 0;

  // RFC 7009 2.1, of the token that `revocation_request` names. Nothing if the
  // provider has no endpoint for it.
  virtual absl::StatusOr<std::optional<HttpRequest>> RevokeRequest(
      const Secret& token, const RequestContext& context) const = 0;

  // Reads the answer to CodeRequest or RefreshRequest, any bytes at all.
  virtual Outcome Read(const HttpResponse& response,
                       const ReadContext& context) const = 0;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_PROVIDER_H_
