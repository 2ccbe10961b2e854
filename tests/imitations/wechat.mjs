// SPDX-License-Identifier: Apache-2.0
//
// WeChat: other names for nearly everything, GET with the secret in the query,
// and JSON that says it is text, errors too, with 200. The refresh token stays
// for 30 days, and to use it takes no secret.
import { randomUUID } from 'node:crypto';
import { presetOf, requestAt } from './catalogue.mjs';
import { Imitation } from './imitation.mjs';
import { declared, pairs, query } from './reading.mjs';
import { Refusal } from './refusal.mjs';

export const preset = 'wechat';

export const block = (base) => ({
  authorization_endpoint: `${base}/connect/qrconnect`,
  token_endpoint: `${base}/sns/oauth2/access_token`,
  refresh_request: requestAt(base, presetOf(preset).refresh_request),
  scopes: ['snsapi_login'],
});

const text = (body) => ({
  body: JSON.stringify(body),
  headers: { 'content-type': 'text/plain' },
});
const failure = (errcode, errmsg) => () =>
  text({ errcode, errmsg: `${errmsg}, rid: ${randomUUID()}` });

export class Family extends Imitation {
  authorization = { path: '/connect/qrconnect', pkce: 'refused', scopeSeparator: ',' };

  errors = {
    bad_request: failure(41000, 'missing or unknown parameter'),
    unsupported_grant_type: failure(40002, 'invalid grant_type'),
    wrong_client: failure(40125, 'invalid appsecret'),
    reused_code: failure(40163, 'code been used'),
    unknown_code: failure(40029, 'invalid code'),
    dead_refresh_token: failure(40030, 'invalid refresh_token'),
  };

  routes = {
    'GET /sns/oauth2/access_token': 'access_token',
    'GET /sns/oauth2/refresh_token': 'refresh_token',
  };

  authorizationParams(search, hash) {
    const wrong = (detail) => new Refusal('bad_request', detail);
    const params = declared(pairs(search), {
      required: ['appid', 'redirect_uri', 'response_type', 'scope', 'state'],
      optional: ['lang'],
    });
    if (hash !== '#wechat_redirect') throw wrong(`the fragment is ${hash}`);
    if (params.appid !== this.client.id) throw wrong('appid');
    if (params.response_type !== 'code') throw wrong('response_type');
    if (params.redirect_uri !== this.redirectUri) throw wrong('redirect_uri');
    return params;
  }

  access_token(asked) {
    const params = query(asked, { required: ['appid', 'secret', 'code', 'grant_type'] });
    this.check(asked, params, 'authorization_code');
    if (params.secret !== this.client.secret) throw new Refusal('wrong_client', 'secret');
    const grant = this.books.redeem({ code: params.code, redirect_uri: this.redirectUri });
    this.books.addRefresh(grant, this.books.mint(), 30 * 24 * 3600);
    return text({ ...this.answer(grant), unionid: 'o6_bmasdasdsad6_2sgVt7hMZOPfL' });
  }

  refresh_token(asked) {
    const params = query(asked, { required: ['appid', 'grant_type', 'refresh_token'] });
    this.check(asked, params, 'refresh_token');
    return text(this.answer(this.books.byRefresh(params.refresh_token)));
  }

  check(asked, { appid, grant_type: type }, wanted) {
    if (asked.headers.authorization) throw new Refusal('wrong_client', 'an Authorization header');
    if (appid !== this.client.id) throw new Refusal('wrong_client', 'appid');
    if (type !== wanted) throw new Refusal('unsupported_grant_type', type);
  }

  answer(grant) {
    const [refresh] = grant.refresh.keys();
    return {
      access_token: this.books.addAccess(grant, this.books.mint(), this.lifeSeconds),
      expires_in: this.lifeSeconds,
      refresh_token: refresh,
      openid: 'oLVPpjqs9BhvzwPj5A-vTYAX3GLc',
      scope: grant.scopes.join(','),
    };
  }
}
