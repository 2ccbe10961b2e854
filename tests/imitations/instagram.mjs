// SPDX-License-Identifier: Apache-2.0
//
// Instagram: no refresh tokens, and two hosts. At the one a code brings a token
// for an hour, inside a list (option `flat`: without it, as is seen too). At the
// other it is exchanged for one of 60 days, which can be renewed when it is a day
// old. Both are asked by GET, secrets in the query.
import { presetOf, requestAt } from './catalogue.mjs';
import { Imitation } from './imitation.mjs';
import { peek, postedClient, query, tokenRequest } from './reading.mjs';
import { Refusal } from './refusal.mjs';

export const preset = 'instagram';

export function block(base) {
  const { first_refresh_request: exchange, refresh_request: renewal } = presetOf(preset);
  return {
    authorization_endpoint: `${base}/oauth/authorize`,
    token_endpoint: `${base}/oauth/access_token`,
    first_refresh_request: requestAt(base, exchange),
    refresh_request: requestAt(base, renewal),
    scopes: ['instagram_business_basic', 'instagram_business_content_publish'],
  };
}

const day = 24 * 3600;
const long = 5183944;
const short = 3600;

// The two hosts have two shapes of errors.
const api = (message) => () => ({
  status: 400,
  body: { error_type: 'OAuthException', code: 400, error_message: message },
});
const graph = (code, message) => ({
  status: 400,
  body: { error: { message, type: 'OAuthException', code, fbtrace_id: 'A-b_c' } },
});

export class Family extends Imitation {
  authorization = {
    path: '/oauth/authorize',
    required: ['scope'],
    optional: ['enable_fb_login', 'force_reauth'],
    pkce: 'refused',
    scopeSeparator: ',',
  };

  errors = {
    bad_request: api('Invalid parameter'),
    unsupported_grant_type: api('Invalid grant_type'),
    wrong_client: api('Error validating client_secret'),
    wrong_redirect_uri: api('Please make sure your redirect_uri is identical to the one you used'),
    reused_code: api('This authorization code has been used'),
    unknown_code: api('Matching code was not found or was already used'),
    bad_graph_request: () => graph(100, 'Invalid parameter'),
    too_young: () => graph(100, 'The access token is less than 24 hours old'),
    dead_access_token: () => graph(190, 'Error validating access token: Session has expired'),
  };

  routes = {
    'POST /oauth/access_token': 'token',
    'GET /access_token': 'exchange',
    'GET /refresh_access_token': 'renew',
  };

  constructor({ flat = false, ...options } = {}) {
    super(options);
    this.flat = flat;
  }

  token(asked) {
    const params = tokenRequest(asked, {
      authorization_code: { required: ['code', 'redirect_uri'] },
    });
    postedClient(asked, params, this.client);
    const grant = this.books.redeem(params);
    const token = this.mint(grant, short);
    const tokens = { access_token: token, user_id: '17841400000000000' };
    const { scopes } = grant;
    return this.flat
      ? { body: { ...tokens, permissions: scopes } }
      : { body: { data: [{ ...tokens, permissions: scopes.join(',') }] } };
  }

  // For a token that a code brought, and no other.
  exchange(asked) {
    const params = this.read(asked, 'ig_exchange_token', ['client_secret']);
    const { access_token: token, client_secret: secret } = params;
    if (secret !== this.client.secret) throw new Refusal('wrong_client', 'client_secret');
    const grant = this.books.byAccess(token);
    if (grant.access.get(token).isLong) throw new Refusal('bad_graph_request', 'a long-lived token');
    return this.answer(grant);
  }

  renew(asked) {
    const { access_token: token } = this.read(asked, 'ig_refresh_token');
    const grant = this.books.byAccess(token);
    const { isLong, since } = grant.access.get(token);
    if (!isLong) throw new Refusal('bad_graph_request', 'a short-lived token');
    if (this.books.now() < since + day * 1000) throw new Refusal('too_young', token);
    return this.answer(grant);
  }

  read(asked, type, more = []) {
    if (peek(asked).grant_type !== type) throw new Refusal('bad_graph_request', 'grant_type');
    return query(asked, { required: ['grant_type', 'access_token', ...more] });
  }

  answer(grant) {
    const token = this.mint(grant, long);
    Object.assign(grant.access.get(token), { isLong: true, since: this.books.now() });
    return { body: { access_token: token, token_type: 'bearer', expires_in: long } };
  }

  mint(grant, seconds) {
    return this.books.addAccess(grant, this.books.mint('IGAA'), seconds);
  }
}
