// SPDX-License-Identifier: Apache-2.0
//
// X: PKCE is required, refresh tokens work once, and whatever is over is an
// invalid_request that only its text tells from others.
import { Imitation } from './imitation.mjs';
import { basicClient, form, tokenRequest } from './reading.mjs';

export const preset = 'x';

export const block = (base) => ({
  authorization_endpoint: `${base}/i/oauth2/authorize`,
  token_endpoint: `${base}/2/oauth2/token`,
  revocation_endpoint: `${base}/2/oauth2/revoke`,
  scopes: ['tweet.read', 'users.read', 'offline.access'],
});

const error = (status, code, text) => () => ({
  status,
  body: { error: code, error_description: text },
});
const invalid = (text) => error(400, 'invalid_request', text);

// An invalid_request that says nothing of the grant.
export const missingParameter = invalid('Missing required parameter [refresh_token].')();

export class Family extends Imitation {
  authorization = { path: '/i/oauth2/authorize', required: ['scope'], pkce: 'required' };

  errors = {
    bad_request: invalid('Missing or unknown parameter.'),
    unsupported_grant_type: error(400, 'unsupported_grant_type', 'Unsupported grant type.'),
    wrong_client: error(401, 'unauthorized_client', 'Missing valid authorization header'),
    wrong_redirect_uri: invalid(
      'Value passed for the redirect uri did not match the uri of the authorization code.',
    ),
    wrong_verifier: invalid('Value passed for the code verifier did not match the code challenge.'),
    reused_code: invalid('Value passed for the authorization code was invalid.'),
    unknown_code: invalid('Value passed for the authorization code was invalid.'),
    dead_refresh_token: invalid('Value passed for the token was invalid.'),
  };

  routes = { 'POST /2/oauth2/token': 'token', 'POST /2/oauth2/revoke': 'revoke' };

  token(asked) {
    // A confidential client: nothing of it stands in the body.
    const params = tokenRequest(
      asked,
      {
        authorization_code: { required: ['code', 'redirect_uri', 'code_verifier'] },
        refresh_token: { required: ['refresh_token'] },
      },
      { client: [] },
    );
    basicClient(asked, this.client);
    const grant =
      params.grant_type === 'refresh_token' ? this.spend(params) : this.books.redeem(params);
    return { body: this.answer(grant) };
  }

  spend({ refresh_token: token }) {
    const grant = this.books.byRefresh(token);
    grant.refresh.get(token).spent = true;
    return grant;
  }

  answer(grant) {
    return {
      token_type: 'bearer',
      expires_in: this.lifeSeconds,
      access_token: this.books.addAccess(grant, this.books.mint(), this.lifeSeconds),
      scope: grant.scopes.join(' '),
      ...(grant.scopes.includes('offline.access') && {
        refresh_token: this.books.addRefresh(grant, this.books.mint()),
      }),
    };
  }

  revoke(asked) {
    const { token } = form(asked, { required: ['token'], optional: ['token_type_hint'] });
    basicClient(asked, this.client);
    const grant = this.books.byAny(token);
    if (grant) this.books.end(grant);
    return { body: { revoked: true } };
  }
}
