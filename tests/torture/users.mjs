// SPDX-License-Identifier: Apache-2.0
//
// The people behind the connections: consent when they are asked to, and again
// when a connection is lost.
import { setTimeout as sleep } from 'node:timers/promises';
import { consent, redirectUri } from '../simulator/simulator.mjs';
import { record } from './callers.mjs';

export class Users {
  losses = [];
  #busy = new Map();
  #consented = new Map();

  constructor({ lives, calls }) {
    Object.assign(this, { lives, calls });
  }

  // `call` was told that its connection is lost. Written down once for each
  // loss; then the user consents until it works.
  lost(call) {
    const key = `${call.provider}/${call.subject}`;
    if (this.#busy.has(key) || call.start <= (this.#consented.get(key) ?? 0)) return;
    const { provider, subject, cause, start, end } = call;
    this.losses.push({ provider, subject, cause, start, end });
    this.consentUntilDone(call);
  }

  // One authorization of a connection, lost or not; no second one beside it.
  consentUntilDone({ provider, subject }) {
    const key = `${provider}/${subject}`;
    if (this.#busy.has(key)) return this.#busy.get(key);
    const done = this.#tryAgainAndAgain(provider, subject).finally(() => {
      this.#consented.set(key, Date.now());
      this.#busy.delete(key);
    });
    this.#busy.set(key, done);
    return done;
  }

  get idle() {
    return this.#busy.size === 0;
  }

  async #tryAgainAndAgain(provider, subject) {
    while (!this.ended && !(await this.#consent(provider, subject))) await sleep(50);
  }

  // Whether it worked.
  async #consent(provider, subject) {
    const { client } = this.lives;
    if (!client) return false;
    const known = { provider, subject };
    const started = await record(
      this.calls,
      client,
      'startAuthorization',
      { provider, subject, redirectUri, loginHint: subject },
      known,
    );
    if (!started.answer) return false;
    const callback = await consent(started.answer.authorizationUrl);
    const { answer } = await record(this.calls, client, 'completeAuthorization', callback, known);
    return Boolean(answer);
  }
}
