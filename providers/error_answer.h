// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_PROVIDERS_ERROR_ANSWER_H_
#define TOKENBROKER_PROVIDERS_ERROR_ANSWER_H_

#include "absl/time/time.h"
#include "broker/http_client.h"
#include "broker/provider.h"
#include "providers/json.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// Whether the answer has an error's code where the settings look for it.
bool SaysError(const config::v1::Provider& settings,
               const nlohmann::json& answer);

// Whether what the answer says is known for an error: a rule of the settings
// matches, or the code is registered (broker/oauth_error.h).
bool IsKnownError(const config::v1::Provider& settings, int status,
                  const nlohmann::json& answer);

// What an answer of the token endpoint that brings no tokens means. Decided by,
// in this order: the settings' error rules; the error code (RFC 6749 5.2); the
// status. A 5xx but 503 and a redirect are unknown outcomes: the provider may
// have done what was asked. A refusal that blames neither client nor grant
// counts as transient. `answer` is null if the body was not readable. Of its
// text nothing gets into the outcome but a code that is registered, or that a
// matching rule spells out.
Outcome ReadErrorAnswer(const config::v1::Provider& settings,
                        const HttpResponse& response,
                        const nlohmann::json* answer, absl::Time now);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_ERROR_ANSWER_H_
