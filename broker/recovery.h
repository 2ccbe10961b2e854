// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_RECOVERY_H_
#define TOKENBROKER_BROKER_RECOVERY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/complete_authorization.h"
#include "broker/event_log.h"
#include "broker/get_access_token.h"
#include "broker/keyring.h"
#include "broker/provider_directory.h"
#include "broker/refresher.h"
#include "broker/token_store.h"

namespace tokenbroker {

// Enters the refresh line half-way for every attempt that a crash or a failed
// write left open: at *read* where an answer was kept, else at *settle* with
// "unknown". Thread-safe.
class Recovery {
 public:
  Recovery(TokenStore& store, const Keyring& keyring,
           ProviderDirectory& providers, Refresher& refresher,
           CompleteAuthorization& complete, ConnectionFlights& flights,
           const EventLog& log);

  // Ends the open attempts that started before `time`, unless their connection
  // is in flight. One that cannot be ended now (its provider is not configured,
  // or is needed to read a kept answer and its metadata is out of reach) stays
  // for the next run. The error is the store's. May wait for providers'
  // metadata.
  absl::Status Run(absl::Time time);

 private:
  absl::Status End(const storage::v1::AttemptRecord& attempt);
  absl::StatusOr<config::v1::Provider> SettingsOf(
      const std::string& provider) const;
  absl::StatusOr<Outcome> OutcomeOf(
      const storage::v1::AttemptRecord& attempt) const;

  TokenStore& store_;
  const Keyring& keyring_;
  ProviderDirectory& providers_;
  Refresher& refresher_;
  CompleteAuthorization& complete_;
  ConnectionFlights& flights_;
  const EventLog& log_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_RECOVERY_H_
