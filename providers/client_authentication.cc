// SPDX-License-Identifier: Apache-2.0
#include "providers/client_authentication.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "broker/proto_time.h"
#include "broker/status_macros.h"
#include "providers/client_assertion.h"
#include "providers/form.h"
#include "providers/template.h"

namespace tokenbroker {
namespace {

using Settings = config::v1::Provider;

constexpr absl::Duration kAssertionLife = absl::Minutes(5);

// RFC 6749 2.3.1: both are form-url-encoded before Base64.
Secret BasicCredentials(const Settings& settings, const Secret& client_secret) {
  std::string password = FormEscape(client_secret.Reveal());
  std::string pair =
      absl::StrCat(FormEscape(settings.client_id()), ":", password);
  std::string base64 = absl::Base64Escape(pair);
  std::string credentials = absl::StrCat("Basic ", base64);
  for (std::string* text : {&password, &pair, &base64}) WipeString(text);
  return Secret::Take(&credentials);
}

absl::StatusOr<Secret> Assertion(const Settings& settings,
                                 const ClientCredentials& credentials,
                                 const RequestContext& context) {
  if (!credentials.key.has_value()) {
    return absl::FailedPreconditionError("there is no private key");
  }
  const config::v1::Assertion& shape = settings.assertion();
  AssertionClaims claims{
      .issuer = settings.client_id(),
      .subject = settings.client_id(),
      .id = absl::WebSafeBase64Escape(context.unique),
      .issue_time = context.now,
      .life = shape.has_life() ? FromProto(shape.life()) : kAssertionLife};
  if (!shape.issuer().empty()) {
    ABSL_ASSIGN_OR_RETURN(claims.issuer,
                          Expand(settings, shape.issuer(), context.attributes));
  }
  ABSL_ASSIGN_OR_RETURN(claims.audience, Expand(settings,
                                                shape.audience().empty()
                                                    ? settings.token_endpoint()
                                                    : shape.audience(),
                                                context.attributes));
  return SignAssertion(*credentials.key, settings.key_id(),
                       credentials.thumbprint, claims);
}

}  // namespace

absl::StatusOr<Secret> Authenticate(const Settings& settings,
                                    const ClientCredentials& credentials,
                                    config::v1::ClientAuthMethod method,
                                    const RequestContext& context,
                                    Parameters* parameters) {
  if (IsSigned(method)) {
    ABSL_ASSIGN_OR_RETURN(const Secret assertion,
                          Assertion(settings, credentials, context));
    parameters->Set("client_id", settings.client_id());
    if (method == config::v1::CLIENT_AUTH_METHOD_SIGNED_CLIENT_SECRET) {
      parameters->Set("client_secret", assertion.Reveal());
    } else {
      parameters
          ->Set("client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
          .Set("client_assertion", assertion.Reveal());
    }
    return Secret();
  }
  switch (method) {
    case config::v1::CLIENT_AUTH_METHOD_CLIENT_SECRET_POST:
      parameters->Set("client_id", settings.client_id())
          .Set("client_secret", credentials.secret.Reveal());
      return Secret();
    case config::v1::CLIENT_AUTH_METHOD_NONE:
      parameters->Set("client_id", settings.client_id());
      return Secret();
    default:
      return BasicCredentials(settings, credentials.secret);
  }
}

}  // namespace tokenbroker
