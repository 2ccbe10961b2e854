// SPDX-License-Identifier: Apache-2.0
//
// Microsoft: each refresh brings a new refresh token and the old one stays
// valid; errors have numbers, and texts of several lines; a client proves itself
// with a secret or, with the option `certificate`, by what it signs with a
// certificate's key.
import { createHash, randomUUID, verify, constants, X509Certificate } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Imitation } from './imitation.mjs';
import { form, postedClient, tokenRequest } from './reading.mjs';
import { Refusal } from './refusal.mjs';

export const preset = 'microsoft';
const tenant = 'contoso.example';
const graph = 'https://graph.microsoft.com/Calendars.ReadWrite';

export const block = (base) => ({
  authorization_endpoint: `${base}/{tenant}/oauth2/v2.0/authorize`,
  token_endpoint: `${base}/{tenant}/oauth2/v2.0/token`,
  variables: { tenant },
  scopes: ['openid', 'offline_access', graph],
});

// What a block has besides, for a client with a certificate.
export const withCertificate = { token_endpoint_auth_method: 'private_key_jwt' };

// A new RSA key with a certificate, as PEM.
export function issueCertificate() {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=broker',
    '-keyout', 'key', '-out', 'certificate',
  ], { cwd: folder, stdio: 'ignore' });
  const [key, certificate] = ['key', 'certificate'].map((name) => readFileSync(join(folder, name)));
  rmSync(folder, { recursive: true });
  return { key, certificate };
}

export const failure = (code, number, text, { status = 400, ...others } = {}) => {
  const [trace, correlation] = [randomUUID(), randomUUID()];
  const timestamp = new Date().toISOString().replace('T', ' ').replace(/\..*/, 'Z');
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: {
      error: code,
      error_description:
        `AADSTS${number}: ${text}\r\nTrace ID: ${trace}\r\n` +
        `Correlation ID: ${correlation}\r\nTimestamp: ${timestamp}`,
      error_codes: [number],
      timestamp,
      trace_id: trace,
      correlation_id: correlation,
      error_uri: `https://login.microsoftonline.com/error?code=${number}`,
      ...others,
    },
  };
};

// A policy of the tenant wants the user back.
export const interactionRequired = failure(
  'interaction_required', 50076,
  'Due to a configuration change made by your administrator, you must use multi-factor authentication.',
  { suberror: 'basic_action', claims: '{"access_token":{"capolids":{"essential":true}}}' },
);

// Too many requests of one client in a row.
export const loop = failure(
  'invalid_grant', 50196,
  'The server terminated an operation because it encountered a client request loop.',
);

export class Family extends Imitation {
  authorization = {
    path: `/${tenant}/oauth2/v2.0/authorize`,
    required: ['scope'],
    optional: ['nonce', 'response_mode', 'prompt', 'login_hint', 'domain_hint'],
    pkce: 'supported',
  };

  errors = {
    bad_request: () =>
      failure('invalid_request', 900144, 'The request body must contain another parameter.'),
    unsupported_grant_type: () =>
      failure('unsupported_grant_type', 70003, 'The app requested an unsupported grant type.'),
    wrong_client: () =>
      failure('invalid_client', 7000215, 'Invalid client secret provided.', { status: 401 }),
    wrong_redirect_uri: () =>
      failure('invalid_client', 500112, 'The reply address does not match.'),
    wrong_verifier: () =>
      failure('invalid_grant', 501481, 'The Code_Verifier does not match the code_challenge.'),
    reused_code: () =>
      failure('invalid_grant', 54005, 'OAuth2 Authorization code was already redeemed.'),
    unknown_code: () =>
      failure('invalid_grant', 70008, 'The provided authorization code is expired.'),
    dead_refresh_token: () =>
      failure('invalid_grant', 50173, 'The provided grant has expired due to it being revoked.'),
  };

  routes = { [`POST /${tenant}/oauth2/v2.0/token`]: 'token' };

  constructor({ certificate = false, ...options } = {}) {
    super(options);
    if (!certificate) return;
    this.issued = issueCertificate();
    this.files = {
      private_key_file: this.issued.key,
      certificate_file: this.issued.certificate,
    };
  }

  token(asked) {
    const proof = this.issued ? ['client_assertion_type', 'client_assertion'] : ['client_secret'];
    const params = tokenRequest(
      asked,
      {
        authorization_code: { required: ['code', 'redirect_uri', 'code_verifier'], optional: ['scope'] },
        refresh_token: { required: ['refresh_token'], optional: ['scope'] },
      },
      { read: form, client: ['client_id', ...proof] },
    );
    if (this.issued) this.checkAssertion(asked, params);
    else postedClient(asked, params, this.client);
    const grant =
      params.grant_type === 'refresh_token'
        ? this.books.byRefresh(params.refresh_token)
        : this.books.redeem(params);
    return { body: this.answer(grant) };
  }

  seenAssertions = new Set();

  // RFC 7523 3, and what Microsoft wants of it.
  checkAssertion(asked, { client_id: id, client_assertion: assertion, client_assertion_type: type }) {
    const check = (holds, what) => {
      if (!holds) throw new Refusal('wrong_client', what);
    };
    check(!asked.headers.authorization, 'an Authorization header');
    check(id === this.client.id, 'client_id');
    check(type === 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', 'client_assertion_type');
    const [head, claims, signature] = assertion?.split('.') ?? [];
    check(signature, 'no client_assertion');
    const read = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());
    const { alg, typ, 'x5t#S256': thumbprint } = read(head);
    const { raw, publicKey } = new X509Certificate(this.issued.certificate);
    check(thumbprint === createHash('sha256').update(raw).digest('base64url'), 'x5t#S256');
    check(typ === 'JWT', 'typ');
    check(alg === 'RS256' || alg === 'PS256', `alg ${alg}`);
    const padding = alg === 'PS256' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
    const key = { key: publicKey, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
    const signed = Buffer.from(`${head}.${claims}`);
    check(verify('sha256', signed, key, Buffer.from(signature, 'base64url')), 'the signature');
    const { iss, sub, aud, exp, nbf, iat, jti } = read(claims);
    const now = Date.now() / 1000;
    check(iss === id && sub === id, 'iss or sub');
    check(aud === this.base + asked.path, `aud ${aud}`);
    check((nbf ?? iat) <= now + 1 && exp > now && exp <= now + 600, 'the life');
    check(jti && !this.seenAssertions.has(jti), 'jti');
    this.seenAssertions.add(jti);
    this.books.secrets.add(assertion);
  }

  answer(grant) {
    return {
      token_type: 'Bearer',
      // Without offline_access.
      scope: grant.scopes.filter((scope) => scope !== 'offline_access').join(' '),
      expires_in: this.lifeSeconds,
      ext_expires_in: this.lifeSeconds,
      access_token: this.books.addAccess(grant, this.books.mint('eyJ0'), this.lifeSeconds),
      ...(grant.scopes.includes('offline_access') && {
        refresh_token: this.books.addRefresh(grant, this.books.mint('1.A'), 90 * 24 * 3600),
      }),
      id_token: this.idToken({
        // Of the user's own tenant.
        issuer: 'https://login.microsoftonline.com/9122040d-6c67-4c5b-b112-36a304b66dad/v2.0',
        user: grant.user,
        nonce: grant.nonce,
        ver: '2.0',
      }),
    };
  }
}
