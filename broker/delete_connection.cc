// SPDX-License-Identifier: Apache-2.0
#include "broker/delete_connection.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/clock.h"
#include "broker/connection_view.h"
#include "broker/damaged_connection.h"
#include "broker/errors.h"
#include "broker/event_log.h"
#include "broker/failpoints.h"
#include "broker/http_client.h"
#include "broker/keyring.h"
#include "broker/provider_directory.h"
#include "broker/sealing.h"
#include "broker/token_store.h"

namespace tokenbroker {
namespace {

// The connection goes anyway; nobody should wait long for a courtesy.
constexpr absl::Duration kRevocationTimeout = absl::Seconds(5);

}  // namespace

DeleteConnection::DeleteConnection(const Seams& seams, TokenCache& cache,
                                   ConnectionFlights& flights, Workers& workers)
    : seams_(seams), cache_(cache), flights_(flights), workers_(workers) {}

void DeleteConnection::Delete(absl::string_view caller,
                              const ConnectionKey& key, const Done& done) {
  // Not beside a refresh, which would bring tokens that nobody revokes.
  RunAlone(
      flights_, workers_, key,
      [this, caller = std::string(caller), key] {
        return RevokeAndRemove(caller, key);
      },
      done);
}

DeleteConnection::Answer DeleteConnection::RevokeAndRemove(
    absl::string_view caller, const ConnectionKey& key) {
  const auto record = GetToShow(seams_.store, key);
  if (!record.ok()) return FromStoreError(record.status(), key.provider);
  const std::string revocation = Revoke(*record);
  TOKENBROKER_FAILPOINT("delete.after_revoke");
  const absl::Status removed = seams_.store.Remove(key);
  TOKENBROKER_FAILPOINT("delete.after_remove");
  // In any case: a write that failed may have happened.
  cache_.Erase(key);
  if (!removed.ok()) return FromStoreError(removed, key.provider);
  seams_.log.Write(EventLog::Level::kInfo, "connection_deleted",
                   {{"caller", caller},
                    {"provider", key.provider},
                    {"subject", key.subject},
                    {"revocation", revocation}});
  return ViewOf(*record, ProviderStanding{}, seams_.clock.TimeNow());
}

// Says for the log how it went.
std::string DeleteConnection::Revoke(
    const storage::v1::ConnectionRecord& record) {
  const auto provider = seams_.providers.Find(record.connection().provider());
  if (!provider.ok()) return "provider not available";
  auto token = record.has_refresh_token()
                   ? OpenRefreshToken(seams_.keyring, record)
                   : OpenAccessToken(seams_.keyring, record);
  if (!token.ok()) return "token does not open";
  std::optional<HttpRequest> request = (*provider)->RevokeRequest(*token);
  if (!request.has_value()) return "provider has no endpoint for it";
  request->timeout = std::min(request->timeout, kRevocationTimeout);
  const auto response = seams_.http.Send(*request);
  if (!response.ok()) return std::string(response.status().message());
  return absl::StrCat("provider answered ", response->status);
}

}  // namespace tokenbroker
