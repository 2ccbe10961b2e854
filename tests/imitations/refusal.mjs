// SPDX-License-Identifier: Apache-2.0
//
// Why an imitation does not do what it was asked. Thrown while a request is
// read; a family's table `errors` says how its provider words each.
//
//   bad_request             a parameter is missing, unknown, twice or empty; a header, the method or the encoding is wrong
//   unsupported_grant_type
//   wrong_client            credentials, or the way they came
//   wrong_redirect_uri      not the one of the authorization
//   wrong_verifier          PKCE
//   reused_code
//   spent_refresh_token     one that was replaced (default: as dead_refresh_token)
//   unknown_code            never issued, or too old
//   dead_refresh_token      expired, revoked or unknown
//   dead_access_token       the same, where a request presents one
//
// The last three happen to a client without fault. The others are the broker's
// own mistakes, and each is a complaint.
const faultless = new Set(['unknown_code', 'dead_refresh_token', 'dead_access_token']);

export class Refusal extends Error {
  constructor(reason, detail = '', context = {}) {
    super(`${reason}: ${detail}`);
    this.reason = reason;
    // What the error's text may repeat: {code}.
    this.context = context;
  }

  get isComplaint() {
    return !faultless.has(this.reason);
  }
}
