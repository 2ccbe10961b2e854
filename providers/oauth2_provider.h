// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_PROVIDERS_OAUTH2_PROVIDER_H_
#define TOKENBROKER_PROVIDERS_OAUTH2_PROVIDER_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/provider.h"
#include "broker/secret.h"
#include "providers/client_credentials.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// The one Provider: complete settings and the client's credentials.
class OAuth2Provider final : public Provider {
 public:
  // The settings are resolved: endpoints and authentication method are there.
  OAuth2Provider(config::v1::Provider settings, ClientCredentials credentials);

  const config::v1::Provider& settings() const override { return settings_; }
  std::vector<FieldViolation> CheckVariables(
      const Attributes& variables) const override;
  absl::StatusOr<std::string> AuthorizationUrl(
      const AuthorizationUrlParams& params) const override;
  absl::StatusOr<Attributes> ReadCallback(
      const std::map<std::string, std::string>& params,
      const Attributes& known) const override;
  absl::StatusOr<HttpRequest> CodeRequest(
      const CodeGrant& grant, const RequestContext& context) const override;
  absl::StatusOr<HttpRequest> RefreshRequest(
      const Secret& refresh_token, bool is_first,
      const RequestContext& context) const override;
  absl::StatusOr<std::optional<HttpRequest>> RevokeRequest(
      const Secret& token, const RequestContext& context) const override;
  Outcome Read(const HttpResponse& response,
               const ReadContext& context) const override;

 private:
  const config::v1::Provider settings_;
  const ClientCredentials credentials_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_OAUTH2_PROVIDER_H_
