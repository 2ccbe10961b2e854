// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_PROVIDERS_OAUTH2_PROVIDER_H_
#define TOKENBROKER_PROVIDERS_OAUTH2_PROVIDER_H_

#include <optional>
#include <string>

#include "broker/provider.h"
#include "broker/secret.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// The one Provider: complete settings and the client's secret.
class OAuth2Provider final : public Provider {
 public:
  // The settings are resolved: endpoints and authentication method are there.
  OAuth2Provider(config::v1::Provider settings, Secret client_secret);

  const config::v1::Provider& settings() const override { return settings_; }
  std::string AuthorizationUrl(
      const AuthorizationUrlParams& params) const override;
  HttpRequest CodeRequest(const CodeGrant& grant) const override;
  HttpRequest RefreshRequest(const Secret& refresh_token) const override;
  std::optional<HttpRequest> RevokeRequest(const Secret& token) const override;
  Outcome Read(const HttpResponse& response,
               const ReadContext& context) const override;

 private:
  const config::v1::Provider settings_;
  const Secret client_secret_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_OAUTH2_PROVIDER_H_
