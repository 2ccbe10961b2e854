// SPDX-License-Identifier: Apache-2.0
#include "providers/configured_providers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/status_macros.h"
#include "providers/ca_file.h"
#include "providers/catalogue.h"
#include "providers/client_credentials.h"
#include "providers/provider_entry.h"

namespace tokenbroker {
namespace {

absl::Status CheckTrust(const config::v1::Provider& provider) {
  if (provider.ca_file().empty()) return absl::OkStatus();
  const absl::Status status = CheckCaFile(provider.ca_file());
  if (status.ok()) return absl::OkStatus();
  return absl::Status(status.code(),
                      absl::StrCat("provider ", provider.name(),
                                   ": ca_file: ", status.message()));
}

absl::StatusOr<std::unique_ptr<ProviderEntry>> MakeEntry(
    const Catalogue& catalogue, const config::v1::Provider& configured,
    HttpClient& http, const Clock& clock) {
  ABSL_ASSIGN_OR_RETURN(config::v1::Provider resolved,
                        catalogue.Resolve(configured));
  ABSL_RETURN_IF_ERROR(CheckTrust(resolved));
  ABSL_ASSIGN_OR_RETURN(ClientCredentials credentials,
                        ReadCredentials(resolved));
  return std::make_unique<ProviderEntry>(std::move(resolved),
                                         std::move(credentials), http, clock);
}

// Both, a line each; the code is that of the first.
void AddFault(const absl::Status& fault, absl::Status* faults) {
  *faults = faults->ok() ? fault
                         : absl::Status(faults->code(),
                                        absl::StrCat(faults->message(), "\n",
                                                     fault.message()));
}

}  // namespace

ConfiguredProviders::ConfiguredProviders() = default;
ConfiguredProviders::~ConfiguredProviders() = default;

absl::StatusOr<std::unique_ptr<ConfiguredProviders>>
ConfiguredProviders::Create(const config::v1::Config& config, HttpClient& http,
                            const Clock& clock) {
  ABSL_ASSIGN_OR_RETURN(const Catalogue catalogue,
                        Catalogue::Load(config.preset_directory()));
  auto providers =
      std::unique_ptr<ConfiguredProviders>(new ConfiguredProviders);
  absl::Status faults;
  for (const config::v1::Provider& configured : config.providers()) {
    auto entry = MakeEntry(catalogue, configured, http, clock);
    if (!entry.ok()) {
      AddFault(entry.status(), &faults);
      continue;
    }
    providers->settings_.push_back((*entry)->settings());
    providers->entries_[configured.name()] = *std::move(entry);
  }
  ABSL_RETURN_IF_ERROR(faults);
  std::sort(providers->settings_.begin(), providers->settings_.end(),
            [](const auto& a, const auto& b) { return a.name() < b.name(); });
  return providers;
}

absl::StatusOr<std::shared_ptr<const Provider>> ConfiguredProviders::Find(
    absl::string_view name) {
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) {
    return absl::NotFoundError(
        absl::StrCat("no provider ", name, " is configured"));
  }
  return entry->second->Get();
}

}  // namespace tokenbroker
