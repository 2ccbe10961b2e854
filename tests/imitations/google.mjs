// SPDX-License-Identifier: Apache-2.0
//
// Google: one refresh token for good, and only for who asks for offline access;
// the user chooses what to grant; revoking either token ends both.
import { Imitation } from './imitation.mjs';
import { basicClient, form, postedClient, tokenRequest } from './reading.mjs';

export const preset = 'google';
export const calendar = 'https://www.googleapis.com/auth/calendar.events';

export const block = (base) => ({
  issuer: base,
  authorization_endpoint: `${base}/o/oauth2/v2/auth`,
  token_endpoint: `${base}/token`,
  revocation_endpoint: `${base}/revoke`,
  scopes: ['openid', 'email', calendar],
});

// How Google lists them in an answer.
const listed = {
  email: 'https://www.googleapis.com/auth/userinfo.email',
  profile: 'https://www.googleapis.com/auth/userinfo.profile',
};

const error = (status, code, text) => () => ({
  status,
  body: { error: code, ...(text && { error_description: text }) },
});

// It allows so many token requests, and then says when to come back.
export const rateLimited = (seconds) => ({
  status: 429,
  body: { error: 'internal_failure', error_description: 'Backend Error' },
  headers: { 'retry-after': String(seconds) },
});

export class Family extends Imitation {
  authorization = {
    path: '/o/oauth2/v2/auth',
    required: ['scope'],
    optional: ['nonce', 'access_type', 'prompt', 'include_granted_scopes', 'login_hint', 'hd'],
    pkce: 'supported',
  };

  errors = {
    bad_request: error(400, 'invalid_request', 'Invalid parameter'),
    unsupported_grant_type: error(400, 'unsupported_grant_type', 'Invalid grant_type'),
    wrong_client: error(401, 'invalid_client', 'The OAuth client was not found.'),
    wrong_redirect_uri: error(400, 'redirect_uri_mismatch', 'Bad Request'),
    wrong_verifier: error(400, 'invalid_grant', 'Invalid code verifier.'),
    reused_code: error(400, 'invalid_grant', 'Bad Request'),
    unknown_code: error(400, 'invalid_grant', 'Malformed auth code.'),
    dead_refresh_token: error(400, 'invalid_grant', 'Token has been expired or revoked.'),
  };

  routes = { 'POST /token': 'token', 'POST /revoke': 'revoke' };

  // Who asks without offline access gets no refresh token; who asks without
  // prompt=consent gets one only the first time.
  callback(params, { user, params: { access_type: access, prompt } }) {
    const known = this.books.grants.some((grant) => grant.user === user && !grant.ended);
    if (access !== 'offline' || (known && !prompt?.includes('consent'))) {
      this.withoutRefreshToken.add(params.code);
    }
    return params;
  }

  withoutRefreshToken = new Set();

  token(asked) {
    const params = tokenRequest(asked, {
      authorization_code: { required: ['code', 'redirect_uri', 'code_verifier'] },
      refresh_token: { required: ['refresh_token'], optional: ['scope'] },
    });
    this.authenticate(asked, params);
    return this[params.grant_type](params);
  }

  // Basic is taken as well, but not both.
  authenticate(asked, params) {
    const { authorization } = asked.headers;
    return authorization && !params.client_secret
      ? basicClient(asked, this.client)
      : postedClient(asked, params, this.client);
  }

  authorization_code(params) {
    const grant = this.books.redeem(params);
    const answer = this.answer(grant);
    if (this.withoutRefreshToken.has(params.code)) return { body: answer };
    const refresh = this.books.addRefresh(grant, this.books.mint('1//'));
    return { body: { ...answer, refresh_token: refresh } };
  }

  refresh_token({ refresh_token: token }) {
    return { body: this.answer(this.books.byRefresh(token)) };
  }

  answer(grant) {
    const access = this.books.addAccess(grant, this.books.mint('ya29.'), this.lifeSeconds);
    return {
      access_token: access,
      expires_in: this.lifeSeconds,
      scope: grant.scopes.map((scope) => listed[scope] ?? scope).join(' '),
      token_type: 'Bearer',
      ...(grant.scopes.includes('openid') && {
        id_token: this.idToken({
          user: grant.user,
          nonce: grant.nonce,
          azp: this.client.id,
          email: `${grant.user}@example.com`,
          email_verified: true,
        }),
      }),
    };
  }

  // Asks for no client. Any token of the pair will do.
  revoke(asked) {
    const { token } = form(asked, { required: ['token'] });
    const grant = this.books.byAny(token);
    if (!grant || grant.ended) {
      return { status: 400, body: { error: 'invalid_token', error_description: 'Token expired or revoked' } };
    }
    this.books.end(grant);
    return { body: {} };
  }
}
