// SPDX-License-Identifier: Apache-2.0
#include "providers/provider_entry.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "providers/discovery.h"
#include "providers/oauth2_provider.h"
#include "providers/provider_request.h"

namespace tokenbroker {
namespace {

constexpr absl::Duration kMetadataLife = absl::Hours(1);
constexpr absl::Duration kPauseWithMetadata = absl::Minutes(1);
constexpr absl::Duration kPauseWithoutMetadata = absl::Seconds(5);

}  // namespace

ProviderEntry::ProviderEntry(config::v1::Provider settings,
                             ClientCredentials credentials, HttpClient& http,
                             const Clock& clock)
    : settings_(std::move(settings)),
      credentials_(std::move(credentials)),
      http_(http),
      clock_(clock) {
  if (!NeedsDiscovery(settings_)) {
    provider_ =
        std::make_shared<OAuth2Provider>(settings_, credentials_.Clone());
    pause_ = absl::InfiniteDuration();
  }
}

absl::StatusOr<std::shared_ptr<const Provider>> ProviderEntry::Get() {
  {
    MutexLock lock(&mutex_);
    while (fetching_ && provider_ == nullptr) fetched_.Wait(&mutex_);
    if (fetching_) return provider_;
    if (IsRecent(clock_.TimeNow())) {
      if (provider_ != nullptr) return provider_;
      return last_failure_;
    }
    fetching_ = true;
  }
  auto fetched = Fetch();
  MutexLock lock(&mutex_);
  fetching_ = false;
  fetched_.SignalAll();
  last_fetch_ = clock_.TimeNow();
  if (fetched.ok()) {
    provider_ = *std::move(fetched);
    pause_ = kMetadataLife;
    return provider_;
  }
  last_failure_ = fetched.status();
  pause_ = provider_ != nullptr ? kPauseWithMetadata : kPauseWithoutMetadata;
  if (provider_ != nullptr) return provider_;
  return last_failure_;
}

// A clock that was set back must not make a failure last until it catches up.
bool ProviderEntry::IsRecent(absl::Time now) const {
  return pause_ == absl::InfiniteDuration() ||
         (last_fetch_ <= now && now < last_fetch_ + pause_);
}

absl::StatusOr<std::shared_ptr<const Provider>> ProviderEntry::Fetch() const {
  std::string failures;
  for (const std::string& url : MetadataUrls(settings_.issuer())) {
    const auto response = http_.Send(RequestTo(settings_, url));
    absl::StatusOr<config::v1::Provider> complete =
        !response.ok() ? response.status()
        : response->status != 200
            ? absl::UnavailableError(absl::StrCat("status ", response->status))
            : ApplyMetadata(settings_, response->body.Reveal());
    if (complete.ok()) {
      return std::make_shared<OAuth2Provider>(*std::move(complete),
                                              credentials_.Clone());
    }
    absl::StrAppend(&failures, " ", url, ": ", complete.status().message(),
                    ";");
    // A server that does not answer does not answer twice.
    if (!response.ok()) break;
  }
  return absl::UnavailableError(
      absl::StrCat("metadata of provider ", settings_.name(), ":", failures));
}

}  // namespace tokenbroker
