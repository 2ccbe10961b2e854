// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_RECOVERY_H_
#define TOKENBROKER_BROKER_RECOVERY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/complete_authorization.h"
#include "broker/connection_flights.h"
#include "broker/connection_key.h"
#include "broker/refresher.h"
#include "broker/seams.h"
#include "broker/workers.h"

namespace tokenbroker {

// Enters the refresh line half-way for every attempt that a crash or a failed
// write left open: at *read* where an answer was kept, else at *settle* with
// "unknown". Thread-safe.
class Recovery {
 public:
  Recovery(const Seams& seams, Refresher& refresher,
           CompleteAuthorization& complete, ConnectionFlights& flights,
           Workers& workers);

  // Ends every open attempt, before anything else runs. One that cannot be
  // ended now (its provider is not configured, or is needed to read a kept
  // answer and its metadata is out of reach) stays for a sweep. The error is
  // the store's. May wait for providers' metadata.
  absl::Status RunAtStart();

  // Has workers end the open attempts that started before `time`, each in a
  // flight of its own. The error is the store's.
  absl::Status Sweep(absl::Time time);

 private:
  std::vector<ConnectionKey> RowsOf(
      const storage::v1::AttemptRecord& attempt) const;
  absl::Status End(const storage::v1::AttemptRecord& attempt);
  void EndAndLog(const storage::v1::AttemptRecord& attempt);
  absl::StatusOr<config::v1::Provider> SettingsOf(
      const std::string& provider) const;
  absl::StatusOr<Outcome> OutcomeOf(
      const storage::v1::AttemptRecord& attempt) const;

  const Seams seams_;
  Refresher& refresher_;
  CompleteAuthorization& complete_;
  ConnectionFlights& flights_;
  Workers& workers_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_RECOVERY_H_
