// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_READ_CONNECTIONS_H_
#define TOKENBROKER_BROKER_READ_CONNECTIONS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/clock.h"
#include "broker/connection_key.h"
#include "broker/keyring.h"
#include "broker/pace.h"
#include "broker/provider_directory.h"
#include "broker/token_store.h"
#include "tokenbroker/v1/token_broker.pb.h"

namespace tokenbroker {

// The acts behind GetConnection and ListConnections. Thread-safe.
class ReadConnections {
 public:
  ReadConnections(TokenStore& store, const Keyring& keyring,
                  ProviderDirectory& providers, Pace& pace, const Clock& clock);

  // API errors, both.
  absl::StatusOr<v1::Connection> Get(const ConnectionKey& key);

  // `readable`: the providers whose connections may be listed, sorted. A page
  // token is good for the same filters and readable providers only.
  absl::StatusOr<v1::ListConnectionsResponse> List(
      const v1::ListConnectionsRequest& request,
      std::vector<std::string> readable);

 private:
  v1::Connection View(const storage::v1::ConnectionRecord& record);
  std::string PageToken(const ListRequest& page) const;
  bool ReadPageToken(absl::string_view token, ListRequest* page) const;

  TokenStore& store_;
  const Keyring& keyring_;
  ProviderDirectory& providers_;
  Pace& pace_;
  const Clock& clock_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_READ_CONNECTIONS_H_
