// SPDX-License-Identifier: Apache-2.0
//
// Sign in with Apple: the client secret is a JWT that the client signs, the
// callback is a form, and the user's name comes with the first consent only.
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { Imitation } from './imitation.mjs';
import { form, tokenRequest } from './reading.mjs';
import { Refusal } from './refusal.mjs';

export const preset = 'apple';

const teamId = 'ABCDE12345';
const keyId = 'FGHIJ67890';
const audience = 'https://appleid.apple.com';
// Six months.
const longestLife = 15777000;

export const block = (base) => ({
  issuer: base,
  authorization_endpoint: `${base}/auth/authorize`,
  token_endpoint: `${base}/auth/token`,
  revocation_endpoint: `${base}/auth/revoke`,
  scopes: ['name', 'email'],
  variables: { team_id: teamId },
  key_id: keyId,
});

const error = (code, text) => () => ({
  status: 400,
  body: { error: code, ...(text && { error_description: text }) },
});

export class Family extends Imitation {
  authorization = {
    path: '/auth/authorize',
    // Not documented, and ignored.
    optional: ['scope', 'nonce', 'response_mode', 'code_challenge', 'code_challenge_method'],
    pkce: 'refused',
  };

  errors = {
    bad_request: error('invalid_request'),
    unsupported_grant_type: error('unsupported_grant_type'),
    wrong_client: error('invalid_client'),
    wrong_redirect_uri: error('invalid_grant', 'The redirect URI does not match.'),
    wrong_verifier: error('invalid_grant'),
    unknown_code: error('invalid_grant', 'The code has expired or has been revoked.'),
    reused_code: error('invalid_grant', 'The code has already been used.'),
    dead_refresh_token: error('invalid_grant'),
  };

  routes = { 'POST /auth/token': 'token', 'POST /auth/revoke': 'revoke' };

  // Whose name was told.
  #told = new Set();

  constructor(options) {
    super(options);
    // Apple takes https with a domain name only.
    this.redirectUri = 'https://app.example.com/oauth/callback';
    this.client.id = 'com.example.app.service';
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.publicKey = createPublicKey(privateKey);
    this.files = { private_key_file: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
  }

  authorizationParams(search, hash) {
    const params = super.authorizationParams(search, hash);
    // "Use space separation and percent-encoding for multiple scopes; for
    // example, scope=name%20email": with a `+` the name is lost now and then.
    if (/[?&]scope=[^&]*\+/.test(search)) {
      throw new Refusal('bad_request', 'spaces between scopes are not %20');
    }
    if (/name|email/.test(params.scope) && params.response_mode !== 'form_post') {
      throw new Refusal('bad_request', 'response_mode must be form_post when name or email scope is requested.');
    }
    // What is ignored is not compared.
    return { ...params, code_challenge: undefined };
  }

  // What Apple's page posts.
  callback(params, { user, params: { scope } }) {
    if (params.error || !/name|email/.test(scope) || this.#told.has(user)) return params;
    this.#told.add(user);
    return { ...params, user: JSON.stringify(this.person(user)) };
  }

  person(user) {
    return {
      name: { firstName: user, lastName: 'Kim' },
      email: `${user}@privaterelay.appleid.com`,
    };
  }

  token(asked) {
    const params = tokenRequest(asked, {
      authorization_code: { required: ['code', 'redirect_uri'], optional: ['code_verifier'] },
      refresh_token: { required: ['refresh_token'] },
    });
    this.authenticate(asked, params);
    return this[params.grant_type](params);
  }

  authorization_code({ code, redirect_uri: redirectUri }) {
    const grant = this.books.redeem({ code, redirect_uri: redirectUri });
    const refresh = this.books.addRefresh(grant, this.books.mint('r'));
    return { body: { ...this.access(grant), refresh_token: refresh } };
  }

  refresh_token({ refresh_token: token }) {
    return { body: this.access(this.books.byRefresh(token)) };
  }

  access(grant) {
    return {
      access_token: this.books.addAccess(grant, this.books.mint('a'), this.lifeSeconds),
      token_type: 'Bearer',
      expires_in: this.lifeSeconds,
      id_token: this.idToken({ user: grant.user, nonce: grant.nonce }),
    };
  }

  // Takes a token that is dead, too.
  revoke(asked) {
    const params = form(asked, {
      required: ['token', 'client_id', 'client_secret'],
      optional: ['token_type_hint'],
    });
    this.authenticate(asked, params);
    const grant = this.books.byAny(params.token);
    if (grant) this.books.end(grant);
    return {};
  }

  // The secret is a JWT of ours: ES256, raw signature, by the registered key.
  authenticate(asked, { client_id: id, client_secret: secret = '' }) {
    const refuse = (detail) => {
      throw new Refusal('wrong_client', detail);
    };
    this.books.secrets.add(secret);
    if (asked.headers.authorization) refuse('an Authorization header');
    if (id !== this.client.id) refuse('client_id');
    const parts = secret.split('.');
    if (parts.length !== 3) refuse('the secret is no JWT');
    const [head, claims, signature] = parts.map((part) => Buffer.from(part, 'base64url'));
    const { alg, kid } = JSON.parse(head);
    if (alg !== 'ES256' || kid !== keyId) refuse(`alg ${alg}, kid ${kid}`);
    const signed = Buffer.from(`${parts[0]}.${parts[1]}`);
    const key = { key: this.publicKey, dsaEncoding: 'ieee-p1363' };
    if (!verify('sha256', signed, key, signature)) refuse('the signature');
    const { iss, sub, aud, iat, exp } = JSON.parse(claims);
    const now = Date.now() / 1000;
    if (iss !== teamId) refuse(`iss ${iss}`);
    if (sub !== this.client.id) refuse(`sub ${sub}`);
    if (aud !== audience) refuse(`aud ${aud}`);
    if (!(iat <= now + 5)) refuse(`iat ${iat}`);
    if (!(exp > now && exp - iat <= longestLife)) refuse(`exp ${exp}`);
  }
}
