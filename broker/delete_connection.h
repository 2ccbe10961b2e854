// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_DELETE_CONNECTION_H_
#define TOKENBROKER_BROKER_DELETE_CONNECTION_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/connection_flights.h"
#include "broker/connection_key.h"
#include "broker/refresher.h"
#include "broker/seams.h"
#include "broker/secret.h"
#include "broker/token_cache.h"
#include "broker/workers.h"
#include "tokenbroker/storage/v1/records.pb.h"
#include "tokenbroker/v1/token_broker.pb.h"

namespace tokenbroker {

// The act behind the call of the same name: revokes at the provider as far as
// it can be reached (RFC 7009), and removes the connection in any case, with
// all its pairs of tokens. Thread-safe.
class DeleteConnection {
 public:
  using Answer = absl::StatusOr<v1::Connection>;
  using Done = std::function<void(const Answer&)>;

  DeleteConnection(const Seams& seams, Refresher& refresher, TokenCache& cache,
                   ConnectionFlights& flights, Workers& workers);

  // Calls `done` once, maybe before it returns, with the connection as it was
  // or an API error.
  void Delete(absl::string_view caller, const ConnectionKey& key,
              const Done& done);

 private:
  absl::StatusOr<std::vector<storage::v1::ConnectionRecord>> Rows(
      const ConnectionKey& key);
  Answer RevokeAndRemove(absl::string_view caller, const ConnectionKey& key);
  absl::Status RevokeAndRemoveRow(absl::string_view caller,
                                  const storage::v1::ConnectionRecord& record);
  std::string Revoke(const storage::v1::ConnectionRecord& record);
  absl::StatusOr<Secret> TokenToRevoke(
      const storage::v1::ConnectionRecord& record,
      const config::v1::Provider& settings);

  const Seams seams_;
  Refresher& refresher_;
  TokenCache& cache_;
  ConnectionFlights& flights_;
  Workers& workers_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_DELETE_CONNECTION_H_
