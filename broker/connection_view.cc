// SPDX-License-Identifier: Apache-2.0
#include "broker/connection_view.h"

#include <string>

#include "broker/connection_key.h"
#include "broker/freshness.h"
#include "broker/settle.h"

namespace tokenbroker {

v1::Connection ViewOf(const storage::v1::ConnectionRecord& record,
                      ProviderStanding provider, absl::Time now) {
  v1::Connection view = record.connection();
  const SubjectParts parts = SplitSubject(record.connection().subject());
  view.set_subject(std::string(parts.subject));
  view.set_token_name(std::string(parts.token_name));
  if (view.state() == v1::Connection::STATE_REAUTHORIZATION_REQUIRED ||
      view.reason() == v1::Connection::REASON_DAMAGED) {
    return view;
  }
  if (!record.has_refresh_token() && !IsAlive(LifeOf(record), now)) {
    view.set_state(v1::Connection::STATE_REAUTHORIZATION_REQUIRED);
    view.set_reason(v1::Connection::REASON_NO_REFRESH_TOKEN);
  } else if (!provider.configured) {
    view.set_state(v1::Connection::STATE_SUSPENDED);
    view.set_reason(v1::Connection::REASON_PROVIDER_NOT_CONFIGURED);
    view.clear_refresh_time();
  } else if (provider.suspended) {
    view.set_state(v1::Connection::STATE_SUSPENDED);
    view.set_reason(v1::Connection::REASON_CLIENT_REJECTED);
  }
  return view;
}

}  // namespace tokenbroker
