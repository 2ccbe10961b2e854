// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_PROVIDERS_PROVIDER_ENTRY_H_
#define TOKENBROKER_PROVIDERS_PROVIDER_ENTRY_H_

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/clock.h"
#include "broker/http_client.h"
#include "broker/mutex.h"
#include "broker/provider.h"
#include "providers/client_credentials.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// One configured provider and its metadata, as configured_providers.h says.
// Thread-safe.
class ProviderEntry {
 public:
  ProviderEntry(config::v1::Provider settings, ClientCredentials credentials,
                HttpClient& http, const Clock& clock);

  const config::v1::Provider& settings() const { return settings_; }

  // The provider; kUnavailable while it needs metadata that cannot be had.
  // Blocks while metadata is fetched for the first time.
  absl::StatusOr<std::shared_ptr<const Provider>> Get();

 private:
  bool IsRecent(absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::shared_ptr<const Provider>> Fetch() const;

  const config::v1::Provider settings_;
  const ClientCredentials credentials_;
  HttpClient& http_;
  const Clock& clock_;

  Mutex mutex_;
  CondVar fetched_;
  bool fetching_ ABSL_GUARDED_BY(mutex_) = false;
  // Null before the first success.
  std::shared_ptr<const Provider> provider_ ABSL_GUARDED_BY(mutex_);
  // The last try to fetch, and how long it is enough.
  absl::Time last_fetch_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Duration pause_ ABSL_GUARDED_BY(mutex_);
  absl::Status last_failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_PROVIDER_ENTRY_H_
