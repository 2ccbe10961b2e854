// SPDX-License-Identifier: Apache-2.0
//
// Rule: what a caller is told of a stored connection. The row's own state,
// under the subject and token name that its key is made of, overlaid with what
// is true now and is not worth a write: a suspended or removed provider, an
// access token that ended and cannot be renewed.
#ifndef TOKENBROKER_BROKER_CONNECTION_VIEW_H_
#define TOKENBROKER_BROKER_CONNECTION_VIEW_H_

#include "absl/time/time.h"
#include "tokenbroker/storage/v1/records.pb.h"
#include "tokenbroker/v1/token_broker.pb.h"

namespace tokenbroker {

struct ProviderStanding {
  bool configured = true;
  bool suspended = false;
};

v1::Connection ViewOf(const storage::v1::ConnectionRecord& record,
                      ProviderStanding provider, absl::Time now);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_CONNECTION_VIEW_H_
