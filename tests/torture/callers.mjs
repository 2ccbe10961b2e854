// SPDX-License-Identifier: Apache-2.0
//
// Services that ask for tokens all the time, and what they were answered.
//
//   method, provider, subject, start, end
//   token, generation            or
//   code, reason, cause          reason undefined: no ErrorInfo came
import { setTimeout as sleep } from 'node:timers/promises';
import grpc from '@grpc/grpc-js';
import { detailsOf } from '../end_to_end/broker.mjs';
import { generator, pick } from '../simulator/random.mjs';

const callSeconds = 15;

const duration = (seconds) => ({
  seconds: Math.floor(seconds),
  nanos: Math.floor((seconds % 1) * 1e9),
});

// Makes a call and writes it down: gives the record, with the whole `answer`.
export async function record(calls, client, method, request, known = request) {
  const call = { method, provider: known.provider, subject: known.subject, start: Date.now() };
  let answer;
  try {
    answer = await client[method](request, callSeconds);
    call.end = Date.now();
    if (method === 'getAccessToken') {
      call.token = answer.accessToken;
      call.generation = answer.generation;
    }
  } catch (error) {
    call.end = Date.now();
    const [info] = detailsOf(error).errorInfos;
    call.code = grpc.status[error.code] ?? String(error);
    call.reason = info?.reason;
    call.cause = info?.metadata?.cause;
  }
  calls.push(call);
  return { call, answer };
}

export class Callers {
  #stopping = false;

  constructor({ lives, calls, connections, lifeOf, onLost }) {
    Object.assign(this, { lives, calls, connections, lifeOf, onLost });
    this.seen = new Map();
  }

  start(count, seed) {
    this.running = Array.from({ length: count }, (_, i) => this.#run(generator(seed + i)));
  }

  async stop() {
    this.#stopping = true;
    await Promise.all(this.running);
  }

  async #run(random) {
    while (!this.#stopping) {
      const connection = pick(random, this.connections);
      const request = this.#request(random, connection);
      const pause = 2 + random() * 20;
      const { client } = this.lives;
      if (client) await this.ask(client, connection, request);
      await sleep(pause);
    }
  }

  // Asks, and tells who asks anew if the connection is lost.
  async ask(client, { provider, subject }, extra = {}) {
    const { call } = await record(this.calls, client, 'getAccessToken', {
      provider,
      subject,
      ...extra,
    });
    const key = `${provider}/${subject}`;
    if (call.token) this.seen.set(key, call.token);
    if (call.reason === 'REAUTHORIZATION_REQUIRED') this.onLost(call);
    return call;
  }

  // Mostly any token will do; sometimes it has to last, or an API refused the
  // last one.
  #request(random, { provider, subject }) {
    const [kind, share] = [random(), random()];
    if (kind < 0.1) return { minTtl: duration(share * 0.7 * this.lifeOf(subject)) };
    if (kind < 0.15) return { rejectedAccessToken: this.seen.get(`${provider}/${subject}`) };
    return {};
  }
}
