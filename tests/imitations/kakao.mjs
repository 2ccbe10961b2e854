// SPDX-License-Identifier: Apache-2.0
//
// Kakao: its own code beside the RFC's (KOE...), a new refresh token only in the
// old one's last month, scopes with commas one way and spaces the other, and
// unlinking in place of revocation.
import { Imitation } from './imitation.mjs';
import { bearer, nothing, postedClient, tokenRequest } from './reading.mjs';

export const preset = 'kakao';

export const block = (base) => ({
  issuer: base,
  authorization_endpoint: `${base}/oauth/authorize`,
  token_endpoint: `${base}/oauth/token`,
  revocation_endpoint: `${base}/v1/user/unlink`,
  scopes: ['openid', 'talk_message'],
});

const day = 24 * 3600;
const refreshLife = 60 * day - 1;
const lastMonth = 30 * day;

const error = (status, code, koe, text) => ({
  status,
  body: { error: code, error_description: text, error_code: koe },
  headers: { 'content-type': 'application/json;charset=UTF-8' },
});

// Too many token requests. Seen with either status, and no hint when to return.
export const rateLimited = (status = 400) =>
  error(status, 'invalid_request', 'KOE237', 'token request rate limit exceeded');

export class Family extends Imitation {
  authorization = {
    path: '/oauth/authorize',
    optional: ['scope', 'nonce', 'prompt', 'login_hint', 'service_terms', 'channel_public_id'],
    pkce: 'supported',
    scopeSeparator: ',',
  };

  errors = {
    bad_request: () => error(400, 'invalid_request', 'KOE001', 'invalid parameter'),
    unsupported_grant_type: () => error(400, 'unsupported_grant_type', 'KOE310', 'unsupported grant_type'),
    wrong_client: ({ wrong }) =>
      wrong === 'client_id'
        ? error(400, 'invalid_client', 'KOE101', 'Not exist client_id')
        : error(401, 'invalid_client', 'KOE010', 'Bad client credentials'),
    wrong_redirect_uri: () => error(400, 'invalid_grant', 'KOE303', 'Redirect URI mismatch.'),
    wrong_verifier: () => error(400, 'invalid_grant', 'KOE320', 'code verifier mismatch'),
    // The text repeats the code.
    unknown_code: ({ code }) =>
      error(400, 'invalid_grant', 'KOE320', `authorization code not found for code=${code}`),
    reused_code: ({ code }) =>
      error(400, 'invalid_grant', 'KOE320', `authorization code not found for code=${code}`),
    dead_refresh_token: () =>
      error(400, 'invalid_grant', 'KOE322', 'expired_or_invalid_refresh_token'),
    dead_access_token: () => ({
      status: 401,
      body: { code: -401, msg: 'this access token does not exist' },
    }),
  };

  routes = { 'POST /oauth/token': 'token', 'POST /v1/user/unlink': 'unlink' };

  token(asked) {
    const params = tokenRequest(asked, {
      authorization_code: { required: ['code', 'redirect_uri', 'code_verifier'] },
      refresh_token: { required: ['refresh_token'] },
    });
    postedClient(asked, params, this.client);
    return this[params.grant_type](params);
  }

  authorization_code(params) {
    const grant = this.books.redeem(params);
    return {
      body: {
        ...this.access(grant),
        ...this.refresh(grant),
        ...(grant.scopes.length && { scope: grant.scopes.join(' ') }),
      },
    };
  }

  refresh_token({ refresh_token: token }) {
    const grant = this.books.byRefresh(token);
    const held = grant.refresh.get(token);
    const answer = this.access(grant);
    if (held.end - this.books.now() >= lastMonth * 1000) return { body: answer };
    held.spent = true;
    return { body: { ...answer, ...this.refresh(grant) } };
  }

  access(grant) {
    return {
      token_type: 'bearer',
      access_token: this.books.addAccess(grant, this.books.mint(), this.lifeSeconds),
      expires_in: this.lifeSeconds,
      ...(grant.scopes.includes('openid') && {
        id_token: this.idToken({ user: grant.user, nonce: grant.nonce, nickname: grant.user }),
      }),
    };
  }

  refresh(grant) {
    return {
      refresh_token: this.books.addRefresh(grant, this.books.mint(), refreshLife),
      refresh_token_expires_in: refreshLife,
    };
  }

  // Ends the user's link to the app: all of the user's tokens.
  unlink(asked) {
    nothing(asked);
    const { user } = this.books.byAccess(bearer(asked));
    this.books.end(...this.books.grants.filter((grant) => grant.user === user));
    return { body: { id: 123456789 } };
  }
}
