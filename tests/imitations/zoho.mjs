// SPDX-License-Identifier: Apache-2.0
//
// Zoho: everybody signs in at one server, and the callback says which one has
// the user's data and gives tokens. Errors come with 200. A refresh token brings
// ten access tokens in ten minutes and no more.
import { presetOf } from './catalogue.mjs';
import { Imitation } from './imitation.mjs';
import { form, postedClient, query, tokenRequest } from './reading.mjs';
import { Refusal } from './refusal.mjs';

export const preset = 'zoho';

// The path in front of everything at the user's own server.
export const here = '/eu';

export const block = (base) => ({
  authorization_endpoint: `${base}/oauth/v2/auth`,
  // On loopback too the callback names a server that Zoho could have.
  attributes: presetOf(preset).attributes.map((attribute) =>
    attribute.callback_param === 'accounts-server'
      ? { ...attribute, pattern: `^${base}(/[a-z]+)?$`, default_value: base }
      : attribute,
  ),
  // Tokens live for seconds here, so they are not to wait for a minute.
  refresh: { mode: 'proactive' },
  scopes: ['ZohoCRM.modules.ALL', 'ZohoCRM.settings.READ'],
});

const tenMinutes = 600e3;
const most = 10;

const failure = (error, others = {}) => () => ({ body: { error, ...others } });

export class Family extends Imitation {
  authorization = {
    path: '/oauth/v2/auth',
    required: ['scope', 'access_type'],
    optional: ['prompt'],
    pkce: 'supported',
    scopeSeparator: ',',
  };

  errors = {
    bad_request: failure('invalid_request'),
    unsupported_grant_type: failure('unsupported_grant_type'),
    wrong_client: failure('invalid_client_secret'),
    wrong_redirect_uri: failure('invalid_redirect_uri'),
    wrong_verifier: failure('invalid_code_verifier'),
    reused_code: failure('invalid_code'),
    unknown_code: failure('invalid_code'),
    dead_refresh_token: failure('invalid_code'),
    throttled: failure('Access Denied', {
      error_description:
        'You have made too many requests continuously. Please try again after some time.',
      status: 'failure',
    }),
  };

  routes = {
    [`POST ${here}/oauth/v2/token`]: 'token',
    [`POST ${here}/oauth/v2/token/revoke`]: 'revoke',
  };

  callback(params, consent) {
    if (consent.params.access_type !== 'offline') {
      throw new Refusal('bad_request', `access_type is ${consent.params.access_type}`);
    }
    return { ...params, location: 'eu', 'accounts-server': this.base + here };
  }

  // In the query or in the body.
  token(asked) {
    const read = asked.search ? query : form;
    const params = tokenRequest(
      asked,
      {
        authorization_code: { required: ['code', 'redirect_uri', 'code_verifier'] },
        refresh_token: { required: ['refresh_token'], optional: ['redirect_uri'] },
      },
      { read },
    );
    postedClient(asked, params, this.client);
    return { body: this[params.grant_type](params) };
  }

  authorization_code(params) {
    const grant = this.books.redeem(params);
    const refresh = this.books.addRefresh(grant, this.books.mint('1000.'));
    return { ...this.answer(grant), refresh_token: refresh };
  }

  refresh_token({ refresh_token: token }) {
    const grant = this.books.byRefresh(token);
    const used = grant.refresh.get(token);
    const now = this.books.now();
    used.times = (used.times ?? []).filter((time) => time > now - tenMinutes);
    if (used.times.length >= most) throw new Throttled();
    used.times.push(now);
    return this.answer(grant);
  }

  answer(grant) {
    return {
      access_token: this.books.addAccess(grant, this.books.mint('1000.'), this.lifeSeconds),
      scope: grant.scopes.join(' '),
      api_domain: 'https://www.zohoapis.eu',
      token_type: 'Bearer',
      expires_in: this.lifeSeconds,
    };
  }

  revoke(asked) {
    const { token } = query(asked, { required: ['token'], optional: ['client_id', 'client_secret'] });
    const grant = this.books.byAny(token);
    if (!grant) return { status: 400, body: { error: 'invalid_token' } };
    this.books.end(grant);
    return { body: { status: 'success' } };
  }
}

// Nobody's fault: it happens to who asks a lot.
class Throttled extends Refusal {
  constructor() {
    super('throttled');
  }

  get isComplaint() {
    return false;
  }
}
