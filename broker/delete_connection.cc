// SPDX-License-Identifier: Apache-2.0
#include "broker/delete_connection.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/connection_view.h"
#include "broker/errors.h"
#include "broker/sealing.h"

namespace tokenbroker {
namespace {

// The connection goes anyway; nobody should wait long for a courtesy.
constexpr absl::Duration kRevocationTimeout = absl::Seconds(5);

}  // namespace

void DeleteConnection::Delete(absl::string_view caller,
                              const ConnectionKey& key, Done done) {
  AwaitFlight(std::make_shared<Call>(Call{
      .caller = std::string(caller), .key = key, .done = std::move(done)}));
}

// Not beside a refresh, which would bring tokens that nobody revokes.
void DeleteConnection::AwaitFlight(const std::shared_ptr<Call>& call) {
  const auto joined = parts_.flights.Lead(
      call->key, [this, call](const RefreshResult&) { AwaitFlight(call); });
  if (joined == ConnectionFlights::Joined::kFull) {
    return call->done(OverloadedError());
  }
  if (joined == ConnectionFlights::Joined::kJoined) return;
  const absl::Status accepted =
      parts_.workers.Run(Workers::Lane::kCaller, [this, call] {
        const Answer answer = RevokeAndRemove(*call);
        parts_.flights.Land(call->key, RefreshResult{});
        call->done(answer);
      });
  if (!accepted.ok()) {
    parts_.flights.Land(call->key, RefreshResult{});
    call->done(accepted);
  }
}

DeleteConnection::Answer DeleteConnection::RevokeAndRemove(const Call& call) {
  const ConnectionKey& key = call.key;
  const auto record = parts_.store.Get(key);
  if (!record.ok()) return FromStoreError(record.status(), key.provider);
  const std::string revocation = Revoke(*record);
  const absl::Status removed = parts_.store.Remove(key);
  if (!removed.ok()) return FromStoreError(removed, key.provider);
  parts_.cache.Erase(key);
  parts_.log.Write(EventLog::Level::kInfo, "connection_deleted",
                   {{"caller", call.caller},
                    {"provider", key.provider},
                    {"subject", key.subject},
                    {"revocation", revocation}});
  return ViewOf(*record, ProviderStanding{}, parts_.clock.TimeNow());
}

// Says for the log how it went.
std::string DeleteConnection::Revoke(
    const storage::v1::ConnectionRecord& record) {
  const auto provider = parts_.providers.Find(record.connection().provider());
  if (!provider.ok()) return "provider not available";
  auto token = record.has_refresh_token()
                   ? OpenRefreshToken(parts_.keyring, record)
                   : OpenAccessToken(parts_.keyring, record);
  if (!token.ok()) return "token does not open";
  std::optional<HttpRequest> request = (*provider)->RevokeRequest(*token);
  if (!request.has_value()) return "provider has no endpoint for it";
  request->timeout = std::min(request->timeout, kRevocationTimeout);
  const auto response = parts_.http.Send(*request);
  if (!response.ok()) return std::string(response.status().message());
  return absl::StrCat("provider answered ", response->status);
}

}  // namespace tokenbroker
