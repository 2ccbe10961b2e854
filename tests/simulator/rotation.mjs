// SPDX-License-Identifier: Apache-2.0
//
// Rule: what a provider does with the refresh token on refresh. A consent founds
// a family; each refresh adds a token set to it. Time is an argument, in
// milliseconds.
//
//   never            one refresh token for ever
//   until_first_use  the old one works until one that came of it is used
//   grace            the same, but for `graceSeconds` at most
//   strict           the old one is dead at once
//
// Whoever presents a dead one ends its family, access tokens too.
//
// A token says what it is, `rt.<subject>.<family>.<serial>.<random>`: whoever
// looks on can tell a mix-up without asking, and nobody can guess one.
import { randomBytes } from 'node:crypto';

export const rotations = ['never', 'until_first_use', 'grace', 'strict'];

const mint = (kind, subject, family, serial) =>
  [kind, subject, family, serial, randomBytes(12).toString('hex')].join('.');

// {kind, subject, family, serial} of a token's text; undefined if it is none.
export function parseToken(text) {
  const [, kind, subject, family, serial] =
    /^(rt|at)\.([^.]+)\.(\d+)\.(\d+)\.[0-9a-f]{24}$/.exec(text ?? '') ?? [];
  if (!kind) return undefined;
  return { kind, subject, family: Number(family), serial: Number(serial) };
}

export class Grants {
  #rotation;
  #grace;
  #life;
  #families = [];
  #refreshTokens = new Map();
  #accessTokens = new Map();

  // `life(subject)` gives the seconds of an access token's life.
  constructor({ rotation, graceSeconds, life }) {
    this.#rotation = rotation;
    this.#grace = graceSeconds * 1000;
    this.#life = life;
  }

  // A new family: {subject, family, serial, accessToken, refreshToken, ...}.
  found(subject, now) {
    const family = { number: this.#families.length + 1, subject, sets: 0 };
    this.#families.push(family);
    return this.#issue(family, undefined, now);
  }

  // {verdict, issued}: `issued` exactly with verdict `refreshed`. The other
  // verdicts are `unknown_token`, `ended`, and `reused`, which ended the family.
  present(text, now) {
    const token = this.#refreshTokens.get(text);
    if (!token) return { verdict: 'unknown_token' };
    if (token.family.ended) return { verdict: 'ended' };
    if (!this.#isLive(token, now)) {
      this.#end(token.family, 'reuse');
      return { verdict: 'reused' };
    }
    return { verdict: 'refreshed', issued: this.#issue(token.family, token, now) };
  }

  // The user takes the consent back. Gives the families it ended.
  revoke(subject) {
    const living = this.#families.filter(
      (family) => family.subject === subject && !family.ended,
    );
    for (const family of living) this.#end(family, 'revoked');
    return living.map((family) => family.number);
  }

  // Whose token, either kind, this is: its family's number is ended.
  revokeToken(text) {
    const token = this.#refreshTokens.get(text) ?? this.#accessTokens.get(text);
    if (token) this.#end(token.family, 'revoked');
  }

  // Why a family ended; undefined while it lives.
  endOf(number) {
    return this.#families[number - 1]?.ended;
  }

  // What an API would say to it: 200 or 401.
  accessStatus(text, now) {
    const token = this.#accessTokens.get(text);
    return token && !token.family.ended && now < token.expireTime ? 200 : 401;
  }

  #isLive(token, now) {
    if (this.#rotation === 'never' || token.consumed === undefined) {
      // One that was given beside it is in use: this one came of a lost answer.
      return !token.superseded;
    }
    if (this.#rotation === 'strict' || token.childUsed) return false;
    return this.#rotation !== 'grace' || now - token.consumed <= this.#grace;
  }

  #end(family, why) {
    family.ended ??= why;
  }

  #issue(family, from, now) {
    if (from) this.#consume(from, now);
    const serial = ++family.sets;
    const { subject, number } = family;
    const accessToken = mint('at', subject, number, serial);
    const lifeSeconds = this.#life(subject);
    const expireTime = now + lifeSeconds * 1000;
    this.#accessTokens.set(accessToken, { family, expireTime });
    let refreshToken;
    if (!from || this.#rotation !== 'never') {
      refreshToken = mint('rt', subject, number, serial);
      const token = { family, parent: from };
      this.#refreshTokens.set(refreshToken, token);
      from?.children.push(token);
      token.children = [];
    }
    return {
      subject, family: number, serial, accessToken, refreshToken, lifeSeconds, expireTime,
    };
  }

  // The first use of a token kills the one it came of, and its siblings.
  #consume(token, now) {
    if (this.#rotation === 'never') return;
    token.consumed ??= now;
    if (!token.parent) return;
    token.parent.childUsed = true;
    for (const sibling of token.parent.children) {
      if (sibling !== token) sibling.superseded = true;
    }
  }
}
