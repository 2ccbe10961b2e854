// SPDX-License-Identifier: Apache-2.0
#include "broker/delete_connection.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/clock.h"
#include "broker/connection_view.h"
#include "broker/errors.h"
#include "broker/event_log.h"
#include "broker/exchange.h"
#include "broker/failpoints.h"
#include "broker/http_client.h"
#include "broker/keyring.h"
#include "broker/provider_directory.h"
#include "broker/random.h"
#include "broker/sealing.h"
#include "broker/settle.h"
#include "broker/status_macros.h"
#include "broker/token_store.h"

namespace tokenbroker {
namespace {

// The connection goes anyway; nobody should wait long for a courtesy.
constexpr absl::Duration kRevocationTimeout = absl::Seconds(5);
// More pairs of tokens than any provider hands out.
constexpr int kMostRows = 1000;

ConnectionKey KeyOf(const storage::v1::ConnectionRecord& record) {
  return {record.connection().provider(), record.connection().subject()};
}

}  // namespace

DeleteConnection::DeleteConnection(const Seams& seams, Refresher& refresher,
                                   TokenCache& cache,
                                   ConnectionFlights& flights, Workers& workers)
    : seams_(seams),
      refresher_(refresher),
      cache_(cache),
      flights_(flights),
      workers_(workers) {}

void DeleteConnection::Delete(absl::string_view caller,
                              const ConnectionKey& key, const Done& done) {
  // Pairs that the provider hands out may be stored meanwhile; others no more.
  std::vector<ConnectionKey> keys = RowsOfCode(seams_.providers, key);
  const auto rows = Rows(key);
  if (!rows.ok()) return done(rows.status());
  for (const auto& row : *rows) keys.push_back(KeyOf(row));
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  // Not beside a refresh, which would bring tokens that nobody revokes.
  RunAlone(
      flights_, workers_, keys,
      [this, caller = std::string(caller), key] {
        return RevokeAndRemove(caller, key);
      },
      done);
}

// The main row, if there is one, comes first.
absl::StatusOr<std::vector<storage::v1::ConnectionRecord>>
DeleteConnection::Rows(const ConnectionKey& key) {
  auto rows = seams_.store.List({.providers = {key.provider},
                                 .subject = key.subject,
                                 .limit = kMostRows});
  if (!rows.ok()) return FromStoreError(rows.status(), key.provider);
  return rows;
}

DeleteConnection::Answer DeleteConnection::RevokeAndRemove(
    absl::string_view caller, const ConnectionKey& key) {
  ABSL_ASSIGN_OR_RETURN(const auto rows, Rows(key));
  if (rows.empty()) return ConnectionNotFoundError(key.provider);
  // The main row goes last: as long as it is there, nothing is forgotten.
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    ABSL_RETURN_IF_ERROR(RevokeAndRemoveRow(caller, *row));
  }
  return ViewOf(rows.front(), ProviderStanding{}, seams_.clock.TimeNow());
}

absl::Status DeleteConnection::RevokeAndRemoveRow(
    absl::string_view caller, const storage::v1::ConnectionRecord& record) {
  const ConnectionKey key = KeyOf(record);
  const std::string revocation = Revoke(record);
  TOKENBROKER_FAILPOINT("delete.after_revoke");
  const absl::Status removed = seams_.store.Remove(key);
  TOKENBROKER_FAILPOINT("delete.after_remove");
  // In any case: a write that failed may have happened.
  cache_.Erase(key);
  if (!removed.ok()) return FromStoreError(removed, key.provider);
  const SubjectParts parts = SplitSubject(key.subject);
  seams_.log.Write(EventLog::Level::kInfo, "connection_deleted",
                   {{"caller", caller},
                    {"provider", key.provider},
                    {"subject", parts.subject},
                    {"token_name", parts.token_name},
                    {"revocation", revocation}});
  return absl::OkStatus();
}

// Says for the log how it went.
std::string DeleteConnection::Revoke(
    const storage::v1::ConnectionRecord& record) {
  const auto provider = seams_.providers.Find(record.connection().provider());
  if (!provider.ok()) return "provider not available";
  const auto token = TokenToRevoke(record, (*provider)->settings());
  if (!token.ok()) return std::string(token.status().message());
  auto request = (*provider)->RevokeRequest(
      *token, {.now = seams_.clock.TimeNow(),
               .unique = seams_.random.Bytes(16),
               .attributes = AttributesOf(record.connection())});
  if (!request.ok()) return std::string(request.status().message());
  if (!request->has_value()) return "provider has no endpoint for it";
  (*request)->timeout = std::min((*request)->timeout, kRevocationTimeout);
  const auto response = seams_.http.Send(**request);
  if (!response.ok()) return std::string(response.status().message());
  return absl::StrCat("provider answered ", response->status);
}

// The error's message is for the log.
absl::StatusOr<Secret> DeleteConnection::TokenToRevoke(
    const storage::v1::ConnectionRecord& record,
    const config::v1::Provider& settings) {
  const bool wants_access_token = settings.revocation_request().token() ==
                                  config::v1::TOKEN_KIND_ACCESS_TOKEN;
  if (wants_access_token && !IsAlive(LifeOf(record), seams_.clock.TimeNow())) {
    const RefreshResult refreshed = refresher_.Refresh(KeyOf(record), Demand{});
    if (!refreshed.status.ok() || refreshed.token == nullptr) {
      return absl::UnavailableError(
          "the access token has expired and could not be refreshed");
    }
    return refreshed.token->value.Clone();
  }
  auto token = record.has_refresh_token() && !wants_access_token
                   ? OpenRefreshToken(seams_.keyring, record)
                   : OpenAccessToken(seams_.keyring, record);
  if (!token.ok()) return absl::DataLossError("token does not open");
  return token;
}

}  // namespace tokenbroker
