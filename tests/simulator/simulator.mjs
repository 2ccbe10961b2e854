// SPDX-License-Identifier: Apache-2.0
//
// An OAuth provider on loopback that plays faults, keeps books, and knows what a
// stolen refresh token looks like. What it decides stands in its ledger before
// it answers.
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Faults } from './faults.mjs';
import { Ledger } from './ledger.mjs';
import { Rate } from './rate.mjs';
import { Grants, parseToken } from './rotation.mjs';

export const redirectUri = 'http://127.0.0.1:9/callback';

const decoded = (text) => new URLSearchParams(`_=${text}`).get('_');

// HTTP Basic over form-url-encoded ID and secret (RFC 6749 2.3.1).
function authenticates({ headers }, { id, secret }) {
  const pair = Buffer.from(headers.authorization?.replace('Basic ', '') ?? '', 'base64').toString();
  const colon = pair.indexOf(':');
  return decoded(pair.slice(0, colon)) === id && decoded(pair.slice(colon + 1)) === secret;
}

const s256 = (verifier) => createHash('sha256').update(verifier).digest('base64url');

async function formOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
}

const refusal = (status, error) => ({ status, body: { error } });

class Simulator {
  #client;
  #codes = new Map();
  // Subjects who were told once that their grant is dead, since their last
  // refresh.
  #denied = new Set();
  #rate;

  constructor({ rotation, graceSeconds = 60, accessTokenTtl = 5, client, maxPerSecond, seed = 1 }) {
    this.rotation = rotation;
    this.graceSeconds = graceSeconds;
    this.#client = client;
    this.grants = new Grants({
      rotation,
      graceSeconds,
      life: typeof accessTokenTtl === 'function' ? accessTokenTtl : () => accessTokenTtl,
    });
    this.ledger = new Ledger();
    this.faults = new Faults(seed);
    this.#rate = new Rate(maxPerSecond);
  }

  // Requests that came above `maxPerSecond`.
  get refusedByRate() {
    return this.#rate.refused;
  }

  async listen() {
    this.server = createServer((request, response) => {
      request.on('error', () => {});
      response.on('error', () => {});
      this.#answer(request, response).catch(() => request.socket.destroy());
    });
    await new Promise((resolve) => {
      this.server.listen(0, '127.0.0.1', resolve);
    });
    this.issuer = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  close() {
    return new Promise((resolve) => {
      this.server.close(resolve);
      this.server.closeAllConnections();
    });
  }

  // A provider block with the endpoints written out. Its name is the rotation
  // class with dashes.
  blockFor(broker, changes = {}) {
    const name = changes.name ?? this.rotation.replaceAll('_', '-');
    return {
      name,
      issuer: this.issuer,
      client_id: this.#client.id,
      client_secret_file: broker.file(`client_secret_${name}`, `${this.#client.secret}\n`),
      redirect_uris: [redirectUri],
      scopes: ['calendar'],
      authorization_endpoint: `${this.issuer}/authorize`,
      token_endpoint: `${this.issuer}/token`,
      revocation_endpoint: `${this.issuer}/revoke`,
      allow_loopback: true,
      rotation: this.rotation,
      ...(this.rotation === 'grace' && { rotation_grace: `${this.graceSeconds}s` }),
      ...changes,
    };
  }

  // What an API that takes these access tokens would say: 200 or 401.
  resourceStatus(accessToken) {
    return this.grants.accessStatus(accessToken, Date.now());
  }

  // The user takes the consent back.
  revokeGrants(subject) {
    this.ledger.add({
      kind: 'revoked_by_user',
      arrived: Date.now(),
      subject,
      families: this.grants.revoke(subject),
    });
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.issuer);
    if (url.pathname === '/authorize') return this.#authorize(url.searchParams, response);
    if (url.pathname === '/token') {
      return this.#token(Number(url.searchParams.get('life')), request, response);
    }
    if (url.pathname === '/revoke') return this.#revoke(request, response);
    return response.writeHead(404).end();
  }

  #authorize(query, response) {
    const param = (name) => query.get(name) ?? '';
    if (param('client_id') !== this.#client.id || param('redirect_uri') !== redirectUri) {
      return response.writeHead(400).end('unknown client or redirect URI');
    }
    const callback = new URL(redirectUri);
    callback.searchParams.set('state', param('state'));
    callback.searchParams.set('iss', this.issuer);
    const proper =
      param('response_type') === 'code' &&
      param('login_hint') !== '' &&
      param('code_challenge_method') === 'S256' &&
      param('code_challenge') !== '';
    if (proper) {
      const code = `code.${param('login_hint')}.${randomBytes(12).toString('hex')}`;
      this.#codes.set(code, {
        subject: param('login_hint'),
        challenge: param('code_challenge'),
      });
      callback.searchParams.set('code', code);
    } else {
      callback.searchParams.set('error', 'invalid_request');
    }
    return response.writeHead(302, { location: callback.href }).end();
  }

  async #token(life, request, response) {
    const arrived = Date.now();
    const over = new Promise((resolve) => {
      response.once('finish', () => resolve(true));
      request.socket.once('close', () => resolve(false));
    });
    const form = await formOf(request);
    const limited = !this.#rate.mayPass(arrived);
    const presented = this.#presented(form);
    const fault = limited ? undefined : this.#faultOn(presented);
    const entry = this.ledger.add({ ...presented, life, arrived, fault: fault?.kind });
    const ending = over.then((whole) => {
      entry.ended = Date.now();
      entry.delivered = whole && !fault?.play;
    });
    if (fault?.delayBefore) {
      await sleep(fault.ms);
      // It does not work for who has left: a refresh that is done after the next
      // one would be reuse, and no client could help it.
      if (request.socket.destroyed) {
        entry.verdict = 'left';
        return;
      }
    }
    const answer = this.#decide(entry, request, form, limited, fault);
    entry.committed = answer.committed;
    if (fault?.delayAfter) await sleep(fault.ms);
    if (fault?.play) {
      await fault.play({ request, response, answer });
    } else {
      entry.status = answer.status;
      response.writeHead(answer.status, {
        'content-type': 'application/json',
        'cache-control': 'no-store',
      });
      response.end(JSON.stringify(answer.body));
    }
    await ending;
  }

  #faultOn({ subject }) {
    const fault = this.faults.take(subject);
    if (!fault) return undefined;
    if (fault.kind === 'invalid_grant_once') {
      if (this.#denied.has(subject)) return undefined;
      this.#denied.add(subject);
    }
    this.faults.count(fault.kind);
    return fault;
  }

  #presented({ grant_type: type, code, refresh_token: token }) {
    if (type === 'authorization_code') {
      return { kind: 'code', presented: code, subject: this.#codes.get(code)?.subject };
    }
    const { subject, family, serial } = parseToken(token) ?? {};
    return { kind: 'refresh', presented: token, subject, family, serial };
  }

  // The provider's own answer, and what it did for it.
  #decide(entry, request, form, limited, fault) {
    if (limited) return refusal(429, 'too_many_requests');
    if (fault && !fault.commits) return {};
    const now = Date.now();
    if (!authenticates(request, this.#client)) {
      entry.verdict = 'wrong_client';
      return refusal(401, 'invalid_client');
    }
    const { verdict, issued } =
      entry.kind === 'code' ? this.#redeem(form, now) : this.grants.present(entry.presented, now);
    Object.assign(entry, { verdict, issued });
    if (issued) this.#denied.delete(entry.subject);
    if (!issued) return { ...refusal(400, 'invalid_grant'), committed: now };
    return {
      status: 200,
      committed: now,
      body: {
        access_token: issued.accessToken,
        token_type: 'Bearer',
        expires_in: issued.lifeSeconds,
        ...(issued.refreshToken && { refresh_token: issued.refreshToken }),
      },
    };
  }

  // A code is good for one exchange; a second one ends what the first brought.
  #redeem({ code, redirect_uri: uri, code_verifier: verifier }, now) {
    const known = this.#codes.get(code);
    if (!known) return { verdict: 'unknown_code' };
    if (known.founded) {
      this.grants.revokeToken(known.founded.refreshToken);
      return { verdict: 'reused' };
    }
    if (uri !== redirectUri || s256(verifier ?? '') !== known.challenge) {
      return { verdict: 'wrong_verifier' };
    }
    known.founded = this.grants.found(known.subject, now);
    return { verdict: 'founded', issued: known.founded };
  }

  async #revoke(request, response) {
    const form = await formOf(request);
    if (!authenticates(request, this.#client)) {
      return response.writeHead(401).end();
    }
    this.grants.revokeToken(form.token);
    return response.writeHead(200).end();
  }
}

// Starts one. `accessTokenTtl` is a number of seconds, or a function of the
// subject that gives it.
export const startSimulator = (options) => new Simulator(options).listen();

// The browser's part: the callback's parameters.
export async function consent(authorizationUrl) {
  const response = await fetch(authorizationUrl, { redirect: 'manual' });
  const location = response.headers.get('location');
  if (!location) throw new Error(`no redirect: ${response.status} ${await response.text()}`);
  return Object.fromEntries(new URL(location).searchParams);
}
