// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_STORE_WATCH_H_
#define TOKENBROKER_BROKER_STORE_WATCH_H_

#include "absl/status/status.h"
#include "broker/metrics.h"
#include "broker/seams.h"

namespace tokenbroker {

// Looks after the store while the broker serves, for what no single call could
// report: rows that were found damaged, and a store that failed for good.
class StoreWatch {
 public:
  StoreWatch(const Seams& seams, Metrics& metrics);

  // Logs and counts each damaged place once. kInternal if the store failed for
  // good: stop, and let whoever starts brokers start one anew. For one thread,
  // about once a second.
  absl::Status Look();

 private:
  const Seams seams_;
  Metrics& metrics_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_STORE_WATCH_H_
