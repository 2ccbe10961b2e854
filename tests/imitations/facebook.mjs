// SPDX-License-Identifier: Apache-2.0
//
// Facebook: no refresh tokens. A code brings an access token for an hour or two,
// which is exchanged for one that lives 60 days; that one can be exchanged while
// it lives. Errors are objects.
import { Imitation } from './imitation.mjs';
import { bearer, nothing, postedClient, tokenRequest } from './reading.mjs';

export const preset = 'facebook';

export const block = (base) => ({
  authorization_endpoint: `${base}/{api_version}/dialog/oauth`,
  token_endpoint: `${base}/{api_version}/oauth/access_token`,
  revocation_endpoint: `${base}/{api_version}/me/permissions`,
  variables: { api_version: 'v24.0' },
  scopes: ['email', 'pages_show_list'],
});

export const long = 5183944;
const short = 5400;

const failure = (code, message, others = {}) => ({
  status: 400,
  body: { error: { message, type: 'OAuthException', code, ...others, fbtrace_id: 'A-b_c' } },
});

const badCode = (text, subcode) =>
  failure(100, `Error validating verification code. ${text}`, { error_subcode: subcode });

export class Family extends Imitation {
  authorization = {
    path: '/v24.0/dialog/oauth',
    optional: ['scope', 'auth_type', 'config_id', 'display'],
    pkce: 'supported',
    scopeSeparator: ',',
  };

  errors = {
    bad_request: () => failure(100, 'Invalid parameter'),
    unsupported_grant_type: () => failure(100, 'Invalid grant_type'),
    wrong_client: () => failure(1, 'Error validating client secret.'),
    wrong_redirect_uri: () => badCode('Please make sure your redirect_uri is identical to the one you used', 36008),
    wrong_verifier: () => badCode('Invalid code_verifier.'),
    reused_code: () => badCode('This authorization code has been used.', 36009),
    unknown_code: () => badCode('This authorization code has expired.', 36007),
    dead_access_token: () =>
      failure(190, 'Error validating access token: Session has expired.', { error_subcode: 463 }),
  };

  routes = {
    'POST /v24.0/oauth/access_token': 'token',
    'DELETE /v24.0/me/permissions': 'removePermissions',
  };

  token(asked) {
    const params = tokenRequest(asked, {
      authorization_code: { required: ['code', 'redirect_uri', 'code_verifier'] },
      fb_exchange_token: { required: ['fb_exchange_token'] },
    });
    postedClient(asked, params, this.client);
    return { body: this[params.grant_type](params) };
  }

  authorization_code(params) {
    return this.answer(this.books.redeem(params), short);
  }

  fb_exchange_token({ fb_exchange_token: token }) {
    return this.answer(this.books.byAccess(token), long);
  }

  answer(grant, seconds) {
    return {
      access_token: this.books.addAccess(grant, this.books.mint('EAAB'), seconds),
      token_type: 'bearer',
      expires_in: seconds,
    };
  }

  // Takes all permissions from the app.
  removePermissions(asked) {
    nothing(asked);
    this.books.end(this.books.byAccess(bearer(asked)));
    return { body: { success: true } };
  }
}
