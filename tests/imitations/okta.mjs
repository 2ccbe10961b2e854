// SPDX-License-Identifier: Apache-2.0
//
// Okta, with refresh tokens that rotate: the old one works for some seconds
// more (option `graceSeconds`, from 0 to 60), and whoever presents it later ends
// everything since the sign-in.
import { Imitation } from './imitation.mjs';
import { basicClient, form, tokenRequest } from './reading.mjs';
import { Refusal } from './refusal.mjs';

export const preset = 'okta';

const server = '/oauth2/default';

export const block = (base) => ({
  issuer: base + server,
  authorization_endpoint: `${base}${server}/v1/authorize`,
  token_endpoint: `${base}${server}/v1/token`,
  revocation_endpoint: `${base}${server}/v1/revoke`,
  variables: { okta_domain: 'acme.okta.com' },
  scopes: ['openid', 'email', 'offline_access'],
});

const error = (status, code, text) => () => ({
  status,
  body: { error: code, error_description: text },
});
const badGrant = (text) => error(400, 'invalid_grant', text);

export class Family extends Imitation {
  authorization = {
    path: `${server}/v1/authorize`,
    required: ['scope'],
    optional: ['nonce', 'prompt', 'login_hint', 'idp', 'display', 'max_age', 'response_mode'],
    pkce: 'supported',
  };

  errors = {
    bad_request: error(400, 'invalid_request', 'The request is missing a required parameter.'),
    unsupported_grant_type: error(400, 'unsupported_grant_type', 'The grant type is not supported.'),
    wrong_client: error(401, 'invalid_client', 'The client secret supplied is invalid.'),
    wrong_redirect_uri: badGrant("The 'redirect_uri' does not match that of the authorization request."),
    wrong_verifier: badGrant('PKCE verification failed.'),
    reused_code: badGrant('The authorization code is invalid or has expired.'),
    unknown_code: badGrant('The authorization code is invalid or has expired.'),
    dead_refresh_token: badGrant('The refresh token is invalid or expired.'),
  };

  routes = { [`POST ${server}/v1/token`]: 'token', [`POST ${server}/v1/revoke`]: 'revoke' };

  constructor({ graceSeconds = 30, ...options } = {}) {
    super(options);
    this.graceSeconds = graceSeconds;
  }

  token(asked) {
    const params = tokenRequest(
      asked,
      {
        authorization_code: { required: ['code', 'redirect_uri', 'code_verifier'] },
        refresh_token: { required: ['refresh_token'], optional: ['scope'] },
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
    const used = grant.refresh.get(token);
    const now = this.books.now();
    const isOver = now >= used.since + this.graceSeconds * 1000;
    used.since ??= now;
    if (isOver) {
      this.books.end(grant);
      throw new Refusal('spent_refresh_token', 'after the grace');
    }
    return grant;
  }

  answer(grant) {
    const { scopes, user, nonce } = grant;
    return {
      token_type: 'Bearer',
      expires_in: this.lifeSeconds,
      access_token: this.books.addAccess(grant, this.books.mint('eyJ'), this.lifeSeconds),
      scope: scopes.join(' '),
      ...(scopes.includes('offline_access') && {
        refresh_token: this.books.addRefresh(grant, this.books.mint()),
      }),
      ...(scopes.includes('openid') && {
        id_token: this.idToken({ issuer: this.base + server, user, nonce }),
      }),
    };
  }

  revoke(asked) {
    const { token } = form(asked, { required: ['token'], optional: ['token_type_hint'] });
    basicClient(asked, this.client);
    const grant = this.books.byAny(token);
    if (grant) this.books.end(grant);
    return {};
  }
}
