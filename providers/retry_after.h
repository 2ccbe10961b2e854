// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_PROVIDERS_RETRY_AFTER_H_
#define TOKENBROKER_PROVIDERS_RETRY_AFTER_H_

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tokenbroker {

// How long the header Retry-After (RFC 9110 10.2.3: seconds, or an HTTP date in
// any of its three forms) asks to wait from `now` on. Zero for garbage and for
// the past; at most 15 minutes, for a typing error of the provider's must not
// stop us for a year.
absl::Duration ParseRetryAfter(absl::string_view header, absl::Time now);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_RETRY_AFTER_H_
