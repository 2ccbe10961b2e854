// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_READ_CONNECTIONS_H_
#define TOKENBROKER_BROKER_READ_CONNECTIONS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/connection_key.h"
#include "broker/pace.h"
#include "broker/seams.h"
#include "broker/token_store.h"
#include "tokenbroker/v1/token_broker.pb.h"

namespace tokenbroker {

// The acts behind GetConnection and ListConnections. Thread-safe.
class ReadConnections {
 public:
  ReadConnections(const Seams& seams, Pace& pace);

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

  const Seams seams_;
  Pace& pace_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_READ_CONNECTIONS_H_
