// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_PROVIDERS_TOKEN_RESPONSE_H_
#define TOKENBROKER_PROVIDERS_TOKEN_RESPONSE_H_

#include "broker/http_client.h"
#include "broker/provider.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// Reads an answer of the token endpoint, any bytes at all, into an outcome.
//
// Success is an answer of 2xx with a usable `access_token` and no `error`, for
// some providers send errors with status 200. What else it means is decided by,
// in this order: the settings' error rules; the error code (RFC 6749 5.2); the
// status. A 5xx but 503, a redirect, and a 2xx that cannot be read are unknown
// outcomes: the provider may have done what was asked. A refusal that blames
// neither client nor grant counts as transient.
//
//   access_token   visible ASCII, at most 16 KiB, for it goes into headers
//   refresh_token  any text; empty, null or missing: there is none
//   expires_in     a number or a string of digits. Missing, zero, negative, not
//                  a number: the token's life is not known. More than ten years
//                  counts as ten.
//   scope          separated by spaces or commas, or a list; missing: as asked.
//                  What is no scope by RFC 6749 3.3 is left out.
Outcome ReadTokenResponse(const config::v1::Provider& settings,
                          const HttpResponse& response,
                          const ReadContext& context);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_TOKEN_RESPONSE_H_
