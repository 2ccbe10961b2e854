// SPDX-License-Identifier: Apache-2.0
//
// Codes, grants and tokens of an imitation. A grant:
//
//   user           who consented
//   asked, scopes  what was asked for, what was granted
//   nonce          of the authorization
//   ended          the user or a revocation ended it
//   access         token -> {end} (milliseconds), the living ones
//   refresh        token -> {end, spent}
import { createHash, randomBytes } from 'node:crypto';
import { Refusal } from './refusal.mjs';

const s256 = (verifier) => createHash('sha256').update(verifier).digest('base64url');

export class Books {
  #codes = new Map();
  grants = [];
  // Whatever must stand in no log.
  secrets = new Set();
  // How far the provider's clock is ahead of ours, in milliseconds.
  #ahead = 0;

  now() {
    return Date.now() + this.#ahead;
  }

  // Moves the provider's clock, for what takes days.
  forward(seconds) {
    this.#ahead += seconds * 1000;
  }

  // A new secret text. It has `+`, `/` and `=`, so that an encoding left out is
  // seen.
  mint(prefix = '') {
    const secret = `${prefix}${randomBytes(18).toString('base64')}+/=`;
    this.secrets.add(secret);
    return secret;
  }

  // `consent` has user, asked, scopes, nonce, redirectUri and challenge.
  addCode(code, consent) {
    this.#codes.set(code, { ...consent, end: this.now() + 300e3 });
    return code;
  }

  // Spends a code; gives the grant that it founds.
  redeem({ code, redirect_uri: redirectUri, code_verifier: verifier }) {
    const consent = this.#codes.get(code);
    if (!consent || consent.end <= this.now()) {
      throw new Refusal('unknown_code', code, { code });
    }
    if (consent.used) throw new Refusal('reused_code', code, { code });
    // Whatever is wrong with the rest, it was tried.
    consent.used = true;
    if (redirectUri !== consent.redirectUri) {
      throw new Refusal('wrong_redirect_uri', redirectUri, { code });
    }
    const challenge = verifier === undefined ? undefined : s256(verifier);
    if (challenge !== consent.challenge) {
      throw new Refusal('wrong_verifier', verifier, { code });
    }
    if (verifier) this.secrets.add(verifier);
    const { user, asked, scopes, nonce, params } = consent;
    const grant = { user, asked, scopes, nonce, state: params.state, ended: false, access: new Map(), refresh: new Map() };
    this.grants.push(grant);
    return grant;
  }

  addAccess(grant, token, seconds) {
    grant.access.set(token, { end: this.now() + seconds * 1000 });
    return token;
  }

  addRefresh(grant, token, seconds = Infinity) {
    grant.refresh.set(token, { end: this.now() + seconds * 1000, spent: false });
    return token;
  }

  // The grant of a refresh token that is good.
  byRefresh(token) {
    const grant = this.grants.find((each) => each.refresh.has(token));
    if (!grant || grant.ended) throw new Refusal('dead_refresh_token', token);
    const { spent, end } = grant.refresh.get(token);
    if (spent) throw new Refusal('spent_refresh_token', token);
    if (end <= this.now()) throw new Refusal('dead_refresh_token', token);
    return grant;
  }

  // The grant of an access token that is good.
  byAccess(token) {
    const grant = this.grants.find((each) => each.access.has(token));
    if (!grant || !this.serves(token)) throw new Refusal('dead_access_token', token);
    return grant;
  }

  // Any token's grant, dead or not.
  byAny(token) {
    return this.grants.find((each) => each.access.has(token) || each.refresh.has(token));
  }

  // Whether an API would take this access token.
  serves(token) {
    return this.grants.some(
      (grant) => !grant.ended && (grant.access.get(token)?.end ?? 0) > this.now(),
    );
  }

  // The user takes the consent back: this one, or every one of them.
  end(...grants) {
    for (const grant of grants.length ? grants : this.grants) grant.ended = true;
  }
}
