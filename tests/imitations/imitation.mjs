// SPDX-License-Identifier: Apache-2.0
//
// What all imitations have in common. An imitation is a server on loopback that
// answers as a provider's documents say, and refuses what the provider refuses.
//
// A family is a module `NAME.mjs` here that exports
//
//   preset       the preset's name
//   Family       a class that extends Imitation
//   block(base)  what a provider block overrides so that it goes to the
//                imitation at `base` (`http://127.0.0.1:PORT`): endpoints,
//                scopes, variables, ...; journey.mjs adds name, preset, client,
//                redirect URIs and allow_loopback
//
// A Family has
//
//   authorization   {path, required, optional, pkce}: the authorization page and
//                   the names of its parameters. `pkce`: 'required', 'supported'
//                   or 'refused' (then code_challenge is an unknown parameter).
//                   `scopeSeparator` if it is no space
//   errors          {reason: (context) => answer}, for each of refusal.mjs
//   routes          {'POST /token': 'token', ...}: methods that take what was
//                   asked and give an answer, or throw a Refusal
//   files           optional: {private_key_file: PEM, ...}, written for the
//                   broker and put into its block
//   callback(params, consent)
//                   optional: changes the callback's parameters
//
// asked:  {method, path, search, headers, body}; reading.mjs reads it
// answer: {status = 200, body, headers}; an object as body is sent as JSON, a
//         text as it is (give its content-type in `headers`)
//
// A test uses, of an imitation,
//
//   base, client, redirectUri  where it is and whom it knows
//   authorize(url, choices)    the browser
//   books                      grants, serves(token), end(), forward(seconds)
//   next(...answers)           what the next requests to the token endpoint (the
//                              first route) get instead; `lost`: it is done as
//                              asked, and the connection breaks instead of an
//                              answer; a function is given what was asked
//   lifeSeconds                of access tokens issued from now on
//   ledger                     {path, method, headers, params, reason, status,
//                              answer, scripted, time} of every request; params
//                              as the handler read them
//   meddle(asked)              if set, changes each request before it is read
//   complaints                 what the broker did wrong; to be empty at the end
import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';
import { Books } from './books.mjs';
import { declared, pairs, peek } from './reading.mjs';
import { Refusal } from './refusal.mjs';

// In place of an answer: the provider does its part, and nobody hears of it.
export const lost = Symbol('lost');

export const redirectUri = 'http://127.0.0.1:9/oauth/callback?a=b';

async function textOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

export class Imitation {
  #script = [];

  constructor({ lifeSeconds = 3600 } = {}) {
    this.lifeSeconds = lifeSeconds;
    this.redirectUri = redirectUri;
    // What has to be escaped stands in both.
    this.client = { id: 'the:client', secret: `the&secret+${randomBytes(8).toString('hex')}` };
    this.books = new Books();
    this.books.secrets.add(this.client.secret);
    this.ledger = [];
    this.complaints = [];
  }

  async listen() {
    this.server = createServer((request, response) => {
      this.#serve(request, response).catch((error) => {
        this.complaints.push(error.stack);
        request.socket.destroy();
      });
    });
    await new Promise((resolve) => {
      this.server.listen(0, '127.0.0.1', resolve);
    });
    this.base = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  close() {
    return new Promise((resolve) => {
      this.server.close(resolve);
      this.server.closeAllConnections();
    });
  }

  next(...answers) {
    this.#script.push(...answers);
  }

  // Requests to the token endpoint of this grant type.
  asked(grantType) {
    return this.ledger.filter((entry) => entry.params?.grant_type === grantType);
  }

  // Walks through the authorization page; gives the callback's parameters.
  // Choices: `user`, `scopes` (what is granted; default: all that is asked for),
  // `deny`. Throws where the provider would show an error page.
  authorize(url, { user = 'alice', scopes, deny = false } = {}) {
    const { path, scopeSeparator = ' ' } = this.authorization;
    const { origin, pathname, search, hash } = new URL(url);
    try {
      if (origin + pathname !== this.base + path) {
        throw new Refusal('bad_request', `the authorization page is not ${origin}${pathname}`);
      }
      const params = this.authorizationParams(search, hash);
      const asked = params.scope?.split(scopeSeparator) ?? [];
      const consent = {
        user,
        asked,
        scopes: scopes ?? asked,
        nonce: params.nonce,
        redirectUri: params.redirect_uri,
        challenge: params.code_challenge,
        params,
      };
      this.books.secrets.add(params.state);
      const answer = deny
        ? { error: 'access_denied' }
        : { code: this.books.addCode(this.books.mint('code-'), consent) };
      const callback = { ...answer, state: params.state };
      return this.callback ? this.callback(callback, consent) : callback;
    } catch (error) {
      this.#complain(error);
      throw error;
    }
  }

  // The parameters of the authorization URL by their standard names. A family
  // whose provider has other names or a fragment (`hash`) overrides this.
  authorizationParams(search, hash) {
    if (hash) throw new Refusal('bad_request', `a fragment: ${hash}`);
    const { required = [], optional = [], pkce = 'supported' } = this.authorization;
    const params = pairs(search);
    const proof = pkce === 'refused' ? [] : ['code_challenge', 'code_challenge_method'];
    declared(params, {
      required: ['response_type', 'client_id', 'redirect_uri', 'state', ...required, ...proof],
      optional,
    });
    const exact = {
      response_type: 'code',
      client_id: this.client.id,
      redirect_uri: this.redirectUri,
      ...(proof.length && { code_challenge_method: 'S256' }),
    };
    for (const [name, value] of Object.entries(exact)) {
      if (params[name] !== value) throw new Refusal('bad_request', `${name} is ${params[name]}`);
    }
    return params;
  }

  // An ID token as it comes over TLS: its signature is not looked at.
  idToken({ issuer = this.base, nonce, user, ...claims }) {
    const now = Math.floor(Date.now() / 1000);
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const body = {
      iss: issuer,
      aud: this.client.id,
      sub: user,
      iat: now,
      exp: now + 3600,
      ...(nonce && { nonce }),
      ...claims,
    };
    const token = `${part({ alg: 'RS256', kid: 'k' })}.${part(body)}.${part('unsigned')}`;
    this.books.secrets.add(token);
    return token;
  }

  #complain(error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.isComplaint) this.complaints.push(error.message);
  }

  async #serve(request, response) {
    const { pathname, search } = new URL(request.url, this.base);
    const asked = {
      method: request.method,
      path: pathname,
      search,
      headers: request.headers,
      body: await textOf(request),
    };
    this.meddle?.(asked);
    const { method, path } = asked;
    const entry = { method, path, headers: asked.headers, time: Date.now() };
    // Handlers add the parameters they read.
    asked.entry = entry;
    this.ledger.push(entry);
    const answer = await this.#play(asked, entry);
    if (answer === lost) return request.socket.destroy();
    const { status = 200, body = '', headers = {} } = answer;
    Object.assign(entry, { status, answer: body });
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const type = typeof body === 'string' ? {} : { 'content-type': 'application/json' };
    return response.writeHead(status, { ...type, ...headers }).end(text);
  }

  async #play(asked, entry) {
    const route = `${asked.method} ${asked.path}`;
    const isToken = route === Object.keys(this.routes)[0];
    const scripted = isToken ? this.#script.shift() : undefined;
    if (scripted === undefined) return this.#decide(route, asked, entry);
    entry.scripted = true;
    if (scripted === lost) {
      await this.#decide(route, asked, entry);
      return lost;
    }
    peek(asked);
    return typeof scripted === 'function' ? scripted(asked) : scripted;
  }

  async #decide(route, asked, entry) {
    const method = this.routes[route];
    if (!method) {
      this.complaints.push(`nothing is at ${route}`);
      return { status: 404 };
    }
    try {
      return await this[method](asked);
    } catch (error) {
      this.#complain(error);
      entry.reason = error.reason;
      const { errors } = this;
      const words =
        errors[error.reason] ??
        (error.reason === 'spent_refresh_token' && errors.dead_refresh_token) ??
        errors.bad_request;
      return words(error.context);
    }
  }
}
