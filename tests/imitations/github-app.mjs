// SPDX-License-Identifier: Apache-2.0
//
// A GitHub App that acts for a user: errors come with status 200, answers are
// form-encoded unless JSON is asked for, and a refresh ends the old pair at once,
// the access token too. Two hosts: github.com and api.github.com.
import { Imitation } from './imitation.mjs';
import { basicClient, header, json, postedClient, tokenRequest } from './reading.mjs';
import { Refusal } from './refusal.mjs';

export const preset = 'github-app';

export const block = (base) => ({
  authorization_endpoint: `${base}/login/oauth/authorize`,
  token_endpoint: `${base}/login/oauth/access_token`,
  revocation_endpoint: `${base}/applications/{client_id}/grant`,
});

const refreshLife = 15897600;

const error = (code, text) => () => ({
  body: { error: code, error_description: text, error_uri: 'https://docs.github.com/' },
});

export class Family extends Imitation {
  authorization = {
    path: '/login/oauth/authorize',
    optional: ['login', 'allow_signup', 'prompt'],
    pkce: 'supported',
  };

  errors = {
    bad_request: error('bad_request', 'The request is malformed.'),
    unsupported_grant_type: error('unsupported_grant_type', 'The grant_type is not supported.'),
    wrong_client: error(
      'incorrect_client_credentials',
      'The client_id and/or client_secret passed are incorrect.',
    ),
    wrong_redirect_uri: error(
      'redirect_uri_mismatch',
      'The redirect_uri MUST match the registered callback URL for this application.',
    ),
    wrong_verifier: error('bad_verification_code', 'The code passed is incorrect or expired.'),
    unknown_code: error('bad_verification_code', 'The code passed is incorrect or expired.'),
    reused_code: error('bad_verification_code', 'The code passed is incorrect or expired.'),
    dead_refresh_token: error(
      'bad_refresh_token',
      'The refresh token passed is incorrect or expired.',
    ),
    dead_access_token: () => ({ status: 404, body: { message: 'Not Found' } }),
  };

  routes = {
    'POST /login/oauth/access_token': 'token',
    [`DELETE /applications/${encodeURIComponent(this.client.id)}/grant`]: 'revoke',
  };

  // Whether it answers in a form although JSON was asked for.
  alwaysForm = false;

  token(asked) {
    const answer = this.#decide(asked);
    if (asked.headers.accept === 'application/json' && !this.alwaysForm) return answer;
    return {
      body: new URLSearchParams(answer.body).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    };
  }

  #decide(asked) {
    const params = tokenRequest(asked, {
      authorization_code: { required: ['code', 'code_verifier'], optional: ['redirect_uri'] },
      refresh_token: { required: ['refresh_token'] },
    });
    postedClient(asked, params, this.client);
    return this[params.grant_type](params);
  }

  authorization_code({ redirect_uri: redirectUri = this.redirectUri, ...params }) {
    return this.answer(this.books.redeem({ ...params, redirect_uri: redirectUri }));
  }

  // Single use.
  refresh_token({ refresh_token: token }) {
    const grant = this.books.byRefresh(token);
    grant.refresh.get(token).spent = true;
    grant.access.clear();
    return this.answer(grant);
  }

  answer(grant) {
    return {
      body: {
        access_token: this.books.addAccess(grant, this.books.mint('ghu_'), this.lifeSeconds),
        expires_in: this.lifeSeconds,
        refresh_token: this.books.addRefresh(grant, this.books.mint('ghr_'), refreshLife),
        refresh_token_expires_in: refreshLife,
        // Permissions stand in the app.
        scope: '',
        token_type: 'bearer',
      },
    };
  }

  // Deletes the user's authorization of the app.
  revoke(asked) {
    // api.github.com answers nobody who does not say who he is.
    if (!asked.headers['user-agent']) throw new Refusal('bad_request', 'no User-Agent');
    header(asked, 'Accept', 'application/json');
    basicClient(asked, this.client);
    const { access_token: token } = json(asked, { required: ['access_token'] });
    const { user } = this.books.byAccess(token);
    this.books.end(...this.books.grants.filter((grant) => grant.user === user));
    return { status: 204 };
  }
}
