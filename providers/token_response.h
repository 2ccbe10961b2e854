// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_PROVIDERS_TOKEN_RESPONSE_H_
#define TOKENBROKER_PROVIDERS_TOKEN_RESPONSE_H_

#include "broker/http_client.h"
#include "broker/provider.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// Reads an answer of the token endpoint, any bytes at all, into an outcome.
//
// Success is an answer of 2xx with a usable access token and no error that is
// known, for some providers send errors with status 200; a body that its type
// calls a form counts as an object of texts. What else it means is in
// error_answer.h; a 2xx that cannot be read is an unknown outcome, for the
// provider may have done what was asked. The members, at the places and by the
// names that the settings say:
//
//   access_token   visible ASCII, at most 16 KiB, for it goes into headers
//   refresh_token  any text; empty, null or missing: there is none
//   expires_in     a number or a string of digits. Missing, zero, negative, not
//                  a number: the life is the settings' default, or not known.
//                  More than ten years counts as ten.
//   scope          separated by spaces or commas, or a list; missing: as asked.
//                  What is no scope by RFC 6749 3.3 is left out.
Outcome ReadTokenResponse(const config::v1::Provider& settings,
                          const HttpResponse& response,
                          const ReadContext& context);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_TOKEN_RESPONSE_H_
