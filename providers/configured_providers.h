// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_PROVIDERS_CONFIGURED_PROVIDERS_H_
#define TOKENBROKER_PROVIDERS_CONFIGURED_PROVIDERS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/clock.h"
#include "broker/http_client.h"
#include "broker/provider_directory.h"
#include "tokenbroker/config/v1/config.pb.h"

namespace tokenbroker {

class ProviderEntry;

// The providers of a configuration. One whose endpoints are written out is
// ready at once; of one with an issuer only, the metadata is fetched by the
// first who asks (whoever asks meanwhile waits for the same request), and again
// by the first who asks an hour later. If fetching again fails, the old
// metadata serves on and is tried again after a minute; without any, the
// failure is remembered for five seconds.
class ConfiguredProviders final : public ProviderDirectory {
 public:
  // Reads the client secrets' and checks the authorities' files.
  // kInvalidArgument or kNotFound has a line for each provider that is wrong,
  // with its name and what to write. `http` and `clock` must outlive it.
  static absl::StatusOr<std::unique_ptr<ConfiguredProviders>> Create(
      const config::v1::Config& config, HttpClient& http, const Clock& clock);

  ~ConfiguredProviders() override;

  const std::vector<config::v1::Provider>& List() const override {
    return settings_;
  }
  absl::StatusOr<std::shared_ptr<const Provider>> Find(
      absl::string_view name) override;

 private:
  ConfiguredProviders();

  // Constant after construction; an entry guards itself.
  std::vector<config::v1::Provider> settings_;
  std::map<std::string, std::unique_ptr<ProviderEntry>, std::less<>> entries_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_CONFIGURED_PROVIDERS_H_
