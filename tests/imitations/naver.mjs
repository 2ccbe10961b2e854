// SPDX-License-Identifier: Apache-2.0
//
// Naver Login, the documented OAuth 2.0: errors come with status 200, the life
// is a text, a refresh brings no refresh token, PKCE and scopes are unknown, and
// a grant ends with `grant_type=delete` and a living access token.
import { Imitation } from './imitation.mjs';
import { postedClient, tokenRequest } from './reading.mjs';
import { Refusal } from './refusal.mjs';

export const preset = 'naver';

export const block = (base) => ({
  authorization_endpoint: `${base}/oauth2.0/authorize`,
  token_endpoint: `${base}/oauth2.0/token`,
  revocation_endpoint: `${base}/oauth2.0/token`,
});

const year = 365 * 24 * 3600;

const error = (code, text) => () => ({
  body: { error: code, error_description: text },
  headers: { 'content-type': 'application/json;charset=utf-8' },
});

export class Family extends Imitation {
  authorization = {
    path: '/oauth2.0/authorize',
    optional: ['auth_type'],
    pkce: 'refused',
  };

  errors = {
    bad_request: error('invalid_request', 'wrong parameter'),
    unsupported_grant_type: error('invalid_request', 'wrong grant_type'),
    wrong_client: error('invalid_client', 'wrong client id / client secret pair'),
    wrong_redirect_uri: error('invalid_request', 'wrong redirect_uri'),
    wrong_verifier: error('invalid_request', 'wrong parameter'),
    unknown_code: error('invalid_request', 'no valid data in session'),
    reused_code: error('invalid_request', 'no valid data in session'),
    dead_refresh_token: error('invalid_request', 'invalid refresh_token'),
    dead_access_token: error('invalid_request', 'no valid data in session'),
  };

  routes = { 'POST /oauth2.0/token': 'token' };

  token(asked) {
    const params = tokenRequest(asked, {
      authorization_code: { required: ['code', 'state'], optional: ['redirect_uri'] },
      refresh_token: { required: ['refresh_token'] },
      delete: { required: ['access_token'], optional: ['service_provider'] },
    });
    postedClient(asked, params, this.client);
    return this[params.grant_type](params);
  }

  authorization_code({ code, state, redirect_uri: redirectUri = this.redirectUri }) {
    const grant = this.books.redeem({ code, redirect_uri: redirectUri });
    if (state !== grant.state) throw new Refusal('bad_request', `state is ${state}`);
    const refresh = this.books.addRefresh(grant, this.books.mint(), year);
    return { body: { ...this.access(grant), refresh_token: refresh } };
  }

  refresh_token({ refresh_token: token }) {
    return { body: this.access(this.books.byRefresh(token)) };
  }

  access(grant) {
    return {
      access_token: this.books.addAccess(grant, this.books.mint('AAAA'), this.lifeSeconds),
      token_type: 'bearer',
      expires_in: String(this.lifeSeconds),
    };
  }

  // The access token has `+` and `/`: who does not escape it ends nothing.
  delete({ access_token: token }) {
    this.books.end(this.books.byAccess(token));
    return { body: { access_token: token, result: 'success' } };
  }
}
