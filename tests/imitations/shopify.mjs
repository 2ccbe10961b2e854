// SPDX-License-Identifier: Apache-2.0
//
// Shopify: one authorization server for each shop, callbacks that are signed
// with the client secret, and a refresh token that works until the one it
// brought is used, for 30 days after its own first use.
import { createHmac } from 'node:crypto';
import { Imitation } from './imitation.mjs';
import { postedClient, tokenRequest } from './reading.mjs';
import { Refusal } from './refusal.mjs';

export const preset = 'shopify';
export const shop = 'acme';
// What every authorization is started with.
export const forShop = { request: { variables: { shop } } };

export const block = (base) => ({
  authorization_endpoint: `${base}/{shop}/admin/oauth/authorize`,
  token_endpoint: `${base}/{shop}/admin/oauth/access_token`,
  caller_variables: ['shop'],
  scopes: ['read_orders', 'write_products'],
});

const day = 24 * 3600;

const error = (status, code, text) => () => ({
  status,
  body: { error: code, ...(text && { error_description: text }) },
});

// The `hmac` of a callback's other parameters.
export function sign(params, secret) {
  const message = Object.keys(params)
    .sort()
    .map((name) => `${name}=${params[name]}`)
    .join('&');
  return createHmac('sha256', secret).update(message).digest('hex');
}

export class Family extends Imitation {
  authorization = {
    path: `/${shop}/admin/oauth/authorize`,
    required: ['scope'],
    optional: ['grant_options[]'],
    pkce: 'refused',
    scopeSeparator: ',',
  };

  errors = {
    bad_request: error(400, 'invalid_request'),
    unsupported_grant_type: error(400, 'unsupported_grant_type'),
    wrong_client: error(400, 'application_cannot_be_found'),
    wrong_redirect_uri: error(400, 'invalid_request', 'The redirect_uri does not match.'),
    reused_code: error(400, 'invalid_request', 'The authorization code was not found or was already used'),
    unknown_code: error(400, 'invalid_request', 'The authorization code was not found or was already used'),
    dead_refresh_token: error(401, 'invalid_request', 'This request requires an active refresh_token'),
  };

  routes = { [`POST /${shop}/admin/oauth/access_token`]: 'token' };

  callback(params) {
    const others = {
      ...params,
      host: Buffer.from(`admin.shopify.com/store/${shop}`).toString('base64').replace(/=+$/, ''),
      shop: `${shop}.myshopify.com`,
      timestamp: String(Math.floor(this.books.now() / 1000)),
    };
    return { ...others, hmac: sign(others, this.client.secret) };
  }

  token(asked) {
    const params = tokenRequest(asked, {
      authorization_code: { required: ['code', 'expiring'], optional: ['redirect_uri'] },
      refresh_token: { required: ['refresh_token'] },
    });
    postedClient(asked, params, this.client);
    return { body: this[params.grant_type](params) };
  }

  authorization_code(params) {
    // Without it the token would not expire, and new apps get none such.
    if (params.expiring !== '1') throw new Refusal('bad_request', `expiring is ${params.expiring}`);
    return this.answer(this.books.redeem({ redirect_uri: this.redirectUri, ...params }));
  }

  refresh_token({ refresh_token: token }) {
    const grant = this.books.byRefresh(token);
    const used = grant.refresh.get(token);
    const now = this.books.now();
    used.since ??= now;
    if (now > used.since + 30 * day * 1000) throw new Refusal('spent_refresh_token', 'after 30 days');
    // Its first use ends the one it came of, and what else came of that.
    for (const [, other] of grant.refresh) {
      const isParent = other === used.parent;
      const isSibling = used.parent && other !== used && other.parent === used.parent;
      if (isParent || isSibling) other.spent = true;
    }
    const answer = this.answer(grant);
    grant.refresh.get(answer.refresh_token).parent = used;
    return answer;
  }

  answer(grant) {
    return {
      access_token: this.books.addAccess(grant, this.books.mint('shpat_'), this.lifeSeconds),
      scope: grant.scopes.join(','),
      expires_in: this.lifeSeconds,
      refresh_token: this.books.addRefresh(grant, this.books.mint('shprt_'), 90 * day),
      refresh_token_expires_in: 90 * day,
    };
  }
}
