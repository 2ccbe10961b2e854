// SPDX-License-Identifier: Apache-2.0
//
// Spotify: the refresh token stays, and ends six months after the consent,
// however often it is used.
import { Imitation } from './imitation.mjs';
import { basicClient, tokenRequest } from './reading.mjs';

export const preset = 'spotify';

export const block = (base) => ({
  authorization_endpoint: `${base}/authorize`,
  token_endpoint: `${base}/api/token`,
  scopes: ['user-read-email', 'playlist-modify-private'],
});

export const sixMonths = 4380 * 3600;

const error = (status, code, text) => () => ({
  status,
  body: { error: code, error_description: text },
});

export class Family extends Imitation {
  authorization = {
    path: '/authorize',
    optional: ['scope', 'show_dialog'],
    pkce: 'supported',
  };

  errors = {
    bad_request: error(400, 'invalid_request', 'Invalid parameter'),
    unsupported_grant_type: error(400, 'unsupported_grant_type', 'grant_type parameter is missing'),
    wrong_client: error(400, 'invalid_client', 'Invalid client'),
    wrong_redirect_uri: error(400, 'invalid_grant', 'Invalid redirect URI'),
    wrong_verifier: error(400, 'invalid_grant', 'code_verifier was incorrect'),
    reused_code: error(400, 'invalid_grant', 'Invalid authorization code'),
    unknown_code: error(400, 'invalid_grant', 'Authorization code expired'),
    dead_refresh_token: error(400, 'invalid_grant', 'Refresh token revoked'),
  };

  routes = { 'POST /api/token': 'token' };

  token(asked) {
    const params = tokenRequest(
      asked,
      {
        authorization_code: { required: ['code', 'redirect_uri', 'code_verifier'] },
        refresh_token: { required: ['refresh_token'] },
      },
      { client: [] },
    );
    basicClient(asked, this.client);
    return { body: this[params.grant_type](params) };
  }

  authorization_code(params) {
    const grant = this.books.redeem(params);
    const refresh = this.books.addRefresh(grant, this.books.mint('AQ'), sixMonths);
    return { ...this.answer(grant), refresh_token: refresh };
  }

  refresh_token({ refresh_token: token }) {
    return this.answer(this.books.byRefresh(token));
  }

  answer(grant) {
    return {
      access_token: this.books.addAccess(grant, this.books.mint('BQ'), this.lifeSeconds),
      token_type: 'Bearer',
      expires_in: this.lifeSeconds,
      scope: grant.scopes.join(' '),
    };
  }
}
