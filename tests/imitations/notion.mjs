// SPDX-License-Identifier: Apache-2.0
//
// Notion: JSON both ways, a version in every request, and access tokens without
// an end. A refresh gives a new pair; the refresh token that was used is over.
import { randomUUID } from 'node:crypto';
import { Imitation } from './imitation.mjs';
import { basicClient, header, json, tokenRequest } from './reading.mjs';
import { Refusal } from './refusal.mjs';

export const preset = 'notion';

export const block = (base) => ({
  authorization_endpoint: `${base}/v1/oauth/authorize`,
  token_endpoint: `${base}/v1/oauth/token`,
  revocation_endpoint: `${base}/v1/oauth/revoke`,
});

const oauth = (status, error) => () => ({ status, body: { error, request_id: randomUUID() } });
// Its API's own shape of errors.
const object = (status, code, message) => () => ({
  status,
  body: { object: 'error', status, code, message, request_id: randomUUID() },
});

export const versions = ['2025-09-03', '2026-03-11'];

export class Family extends Imitation {
  authorization = { path: '/v1/oauth/authorize', required: ['owner'], pkce: 'refused' };

  errors = {
    bad_request: object(400, 'validation_error', 'body failed validation.'),
    missing_version: object(400, 'missing_version', 'Notion-Version header should be defined.'),
    unsupported_grant_type: oauth(400, 'unsupported_grant_type'),
    wrong_client: oauth(401, 'invalid_client'),
    wrong_redirect_uri: oauth(400, 'invalid_grant'),
    reused_code: oauth(400, 'invalid_grant'),
    unknown_code: oauth(400, 'invalid_grant'),
    dead_refresh_token: oauth(400, 'invalid_grant'),
  };

  routes = { 'POST /v1/oauth/token': 'token', 'POST /v1/oauth/revoke': 'revoke' };

  authorizationParams(search, hash) {
    const params = super.authorizationParams(search, hash);
    if (params.owner !== 'user') throw new Refusal('bad_request', `owner is ${params.owner}`);
    return params;
  }

  token(asked) {
    this.checkVersion(asked);
    const params = tokenRequest(
      asked,
      {
        authorization_code: { required: ['code', 'redirect_uri'] },
        refresh_token: { required: ['refresh_token'] },
      },
      { read: json, client: [] },
    );
    basicClient(asked, this.client);
    return { body: this[params.grant_type](params) };
  }

  checkVersion(asked) {
    const version = asked.headers['notion-version'];
    if (!versions.includes(version)) throw new Refusal('missing_version', version);
    header(asked, 'accept', 'application/json');
  }

  authorization_code(params) {
    return this.answer(this.books.redeem(params));
  }

  refresh_token({ refresh_token: token }) {
    const grant = this.books.byRefresh(token);
    grant.refresh.get(token).spent = true;
    return this.answer(grant);
  }

  answer(grant) {
    return {
      access_token: this.books.addAccess(grant, this.books.mint('ntn_'), Infinity),
      token_type: 'bearer',
      refresh_token: this.books.addRefresh(grant, this.books.mint('nrt_')),
      bot_id: 'b1',
      workspace_icon: null,
      workspace_name: 'Acme',
      workspace_id: 'w1',
      owner: { type: 'user', user: { object: 'user', id: 'u1' } },
      duplicated_template_id: null,
      request_id: randomUUID(),
    };
  }

  revoke(asked) {
    this.checkVersion(asked);
    const { token } = json(asked, { required: ['token'] });
    basicClient(asked, this.client);
    const grant = this.books.byAny(token);
    if (!grant) throw new Refusal('bad_request', 'a token that was never issued');
    this.books.end(grant);
    return { body: { request_id: randomUUID() } };
  }
}
