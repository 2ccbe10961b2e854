// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_DELETE_CONNECTION_H_
#define TOKENBROKER_BROKER_DELETE_CONNECTION_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/clock.h"
#include "broker/connection_key.h"
#include "broker/event_log.h"
#include "broker/get_access_token.h"
#include "broker/http_client.h"
#include "broker/keyring.h"
#include "broker/provider_directory.h"
#include "broker/token_cache.h"
#include "broker/token_store.h"
#include "broker/workers.h"
#include "tokenbroker/v1/token_broker.pb.h"

namespace tokenbroker {

// The act behind the call of the same name: revokes at the provider as far as
// it can be reached (RFC 7009), and removes the connection in any case.
// Thread-safe.
class DeleteConnection {
 public:
  using Answer = absl::StatusOr<v1::Connection>;
  using Done = std::function<void(const Answer&)>;

  struct Parts {
    TokenStore& store;
    const Keyring& keyring;
    ProviderDirectory& providers;
    HttpClient& http;
    TokenCache& cache;
    ConnectionFlights& flights;
    Workers& workers;
    const Clock& clock;
    const EventLog& log;
  };

  explicit DeleteConnection(const Parts& parts) : parts_(parts) {}

  // Calls `done` once, maybe before it returns, with the connection as it was
  // or an API error.
  void Delete(absl::string_view caller, const ConnectionKey& key, Done done);

 private:
  struct Call {
    std::string caller;
    ConnectionKey key;
    Done done;
  };

  void AwaitFlight(const std::shared_ptr<Call>& call);
  Answer RevokeAndRemove(const Call& call);
  std::string Revoke(const storage::v1::ConnectionRecord& record);

  const Parts parts_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_DELETE_CONNECTION_H_
