// SPDX-License-Identifier: Apache-2.0
//
// Slack: one answer holds two pairs of tokens, the bot's at the top and the
// user's below `authed_user`. Each pair rotates on its own, and each refresh
// token works once. Errors come with 200 and `ok: false`.
import { Imitation } from './imitation.mjs';
import { bearer, nothing, postedClient, tokenRequest } from './reading.mjs';

export const preset = 'slack';

export const block = (base) => ({
  authorization_endpoint: `${base}/oauth/v2/authorize`,
  token_endpoint: `${base}/api/oauth.v2.access`,
  revocation_endpoint: `${base}/api/auth.revoke`,
  scopes: ['chat:write', 'channels:read'],
});

export const failure = (error) => ({ body: { ok: false, error } });

export class Family extends Imitation {
  authorization = {
    path: '/oauth/v2/authorize',
    optional: ['scope', 'user_scope', 'team'],
    // The app has not switched it on.
    pkce: 'refused',
    scopeSeparator: ',',
  };

  errors = {
    bad_request: () => failure('invalid_arguments'),
    unsupported_grant_type: () => failure('invalid_grant_type'),
    wrong_client: () => failure('bad_client_secret'),
    wrong_redirect_uri: () => failure('bad_redirect_uri'),
    reused_code: () => failure('code_already_used'),
    unknown_code: () => failure('invalid_code'),
    dead_refresh_token: () => failure('invalid_refresh_token'),
    dead_access_token: () => failure('token_revoked'),
  };

  routes = { 'POST /api/oauth.v2.access': 'token', 'POST /api/auth.revoke': 'revoke' };

  // What was asked for the user, by code.
  userScopes = new Map();

  callback(params, consent) {
    this.userScopes.set(params.code, consent.params.user_scope?.split(',') ?? []);
    return params;
  }

  // The grant of a kind, `bot` or `user`. Each ends on its own.
  grantOf(kind) {
    return this.books.grants.find((grant) => grant.kind === kind && !grant.ended);
  }

  token(asked) {
    const params = tokenRequest(asked, {
      authorization_code: { required: ['code', 'redirect_uri'] },
      refresh_token: { required: ['refresh_token'] },
    });
    postedClient(asked, params, this.client);
    return { body: { ok: true, ...this[params.grant_type](params), ...this.workspace } };
  }

  workspace = {
    app_id: 'A1',
    team: { id: 'T1', name: 'Acme' },
    enterprise: null,
    is_enterprise_install: false,
  };

  authorization_code(params) {
    const bot = Object.assign(this.books.redeem(params), { kind: 'bot' });
    const scopes = this.userScopes.get(params.code);
    const user = { ...bot, kind: 'user', scopes, access: new Map(), refresh: new Map() };
    // No scopes, no token.
    const granted = [bot, user].filter((grant) => grant.scopes.length > 0);
    this.books.grants.splice(-1, 1, ...granted);
    return {
      ...(granted.includes(bot) && { ...this.pair(bot), bot_user_id: 'B1' }),
      authed_user: { id: 'U1', ...(granted.includes(user) && this.pair(user)) },
    };
  }

  // The new pair stands at the top, whichever it is.
  refresh_token({ refresh_token: token }) {
    const grant = this.books.byRefresh(token);
    grant.refresh.get(token).spent = true;
    return this.pair(grant);
  }

  pair(grant) {
    const prefix = grant.kind === 'bot' ? 'xoxe.xoxb-1-' : 'xoxe.xoxp-1-';
    return {
      access_token: this.books.addAccess(grant, this.books.mint(prefix), this.lifeSeconds),
      token_type: grant.kind,
      scope: grant.scopes.join(','),
      expires_in: this.lifeSeconds,
      refresh_token: this.books.addRefresh(grant, this.books.mint('xoxe-1-')),
    };
  }

  // Ends the token that it is called with.
  revoke(asked) {
    nothing(asked);
    this.books.end(this.books.byAccess(bearer(asked)));
    return { body: { ok: true, revoked: true } };
  }
}
