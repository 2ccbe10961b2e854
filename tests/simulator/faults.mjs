// SPDX-License-Identifier: Apache-2.0
//
// What a provider can do wrong at its token endpoint. Each row says whether the
// grant moved on (`commits`), and plays the fault. `answer` is the provider's
// own, decided before; {} if it never looked. One that plays nothing by itself
// only delays.
import { setTimeout as sleep } from 'node:timers/promises';
import { generator, pick } from './random.mjs';

const html = '<!doctype html><html><body><h1>Something went wrong</h1></body></html>';

const page = (status) => ({ response }) =>
  response.writeHead(status, { 'content-type': 'text/html' }).end(html);

const json = (status, body, headers = {}) => ({ response }) =>
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify(body));

const tooMany = (retryAfter) => (exchange) => {
  const value = retryAfter?.();
  const headers = value === undefined ? {} : { 'retry-after': value };
  return json(429, { error: 'too_many_requests' }, headers)(exchange);
};

const reset = ({ request }) => request.socket.resetAndDestroy();

// 200 and another body than the provider's own.
const instead = (type, make) => ({ response, answer }) => {
  const body = make(answer.body ?? {});
  response.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
};

const head = (length) =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;

// A byte now and then, until the other side has had enough.
async function trickle(socket, text) {
  for (const byte of text) {
    if (socket.destroyed) return;
    socket.write(byte);
    await sleep(100);
  }
  socket.end();
}

const slowHead = ({ request, answer }) => {
  const body = JSON.stringify(answer.body);
  return trickle(request.socket, head(body.length) + body);
};

const slowBody = ({ request, answer }) => {
  const body = JSON.stringify(answer.body);
  request.socket.write(head(body.length));
  return trickle(request.socket, body);
};

const cut = ({ request, answer }) => {
  const body = JSON.stringify(answer.body);
  request.socket.end(head(body.length) + body.slice(0, body.length / 2));
};

export const table = {
  delay_before_commit: { commits: true, delayBefore: true },
  delay_after_commit: { commits: true, delayAfter: true },
  reset_before_body: { commits: false, play: reset },
  reset_after_commit: { commits: true, play: reset },
  cut_in_body: { commits: true, play: cut },
  too_many_seconds: { commits: false, play: tooMany(() => '1') },
  too_many_date: {
    commits: false,
    play: tooMany(() => new Date(Date.now() + 2000).toUTCString()),
  },
  too_many_garbage: { commits: false, play: tooMany(() => 'in a while') },
  too_many_absurd: { commits: false, play: tooMany(() => '99999999999999999999') },
  too_many_bare: { commits: false, play: tooMany() },
  status_500: { commits: false, play: page(500) },
  // A gateway that gave up; behind it the work was done.
  status_502: { commits: true, play: page(502) },
  status_503: { commits: false, play: page(503) },
  status_504: { commits: true, play: page(504) },
  temporarily_unavailable: {
    commits: false,
    play: json(400, { error: 'temporarily_unavailable' }),
  },
  slow_down: { commits: false, play: json(400, { error: 'slow_down' }) },
  garbage_200: {
    commits: true,
    play: instead('application/json', () => '\x00\x01\xff}{'),
  },
  html_200: { commits: false, play: page(200) },
  no_access_token: {
    commits: true,
    play: instead('application/json', ({ access_token, ...rest }) => JSON.stringify(rest)),
  },
  truncated_json: {
    commits: true,
    play: instead('application/json', (body) => JSON.stringify(body).slice(0, -9)),
  },
  slow_head: { commits: true, play: slowHead },
  slow_body: { commits: true, play: slowBody },
  huge_body: {
    commits: true,
    play: instead('application/json', (body) =>
      JSON.stringify({ ...body, padding: 'x'.repeat(300 << 10) })),
  },
  redirect: {
    commits: false,
    play: ({ response }) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
  },
  // The grant lives all the same. Not played twice on a subject without a refresh
  // in between.
  invalid_grant_once: { commits: false, play: json(400, { error: 'invalid_grant' }) },
  invalid_client: { commits: false, play: json(401, { error: 'invalid_client' }) },
};

export const kinds = Object.keys(table);

// After these a client stays away for a minute or more.
export const long = ['too_many_absurd', 'invalid_client'];

// Chooses the fault of each request: those of the script in order, then by
// chance, then none.
export class Faults {
  #script = [];
  #bySubject = new Map();
  #mix = { rate: 0 };
  played = {};

  constructor(seed) {
    this.random = generator(seed);
  }

  // Each is a kind, or {kind, ms} for the delays, or undefined for none.
  next(...faults) {
    this.#script.push(...faults.map((f) => (typeof f === 'string' ? { kind: f } : f)));
  }

  // The same, on the next requests for `subject`.
  nextFor(subject, ...kinds) {
    this.#bySubject.set(subject, kinds.map((kind) => ({ kind })));
  }

  // From now on `rate` of all requests meet one of `kinds`; a delay lasts for
  // one of `delays`.
  mix({ rate, kinds: chosen = kinds, delays = [50, 300] }) {
    this.#mix = { rate, kinds: chosen, delays };
  }

  off() {
    this.#script = [];
    this.#bySubject.clear();
    this.#mix = { rate: 0 };
  }

  // {kind, ms, commits, play, ...} or undefined.
  take(subject) {
    const fault =
      this.#bySubject.get(subject)?.shift() ?? this.#script.shift() ?? this.#byChance();
    return fault && { ms: 200, ...fault, ...table[fault.kind] };
  }

  count(kind) {
    this.played[kind] = (this.played[kind] ?? 0) + 1;
  }

  #byChance() {
    const { rate, kinds: chosen, delays } = this.#mix;
    // Three numbers a request, whatever comes of them.
    const [whether, which, long] = [this.random(), this.random(), this.random()];
    if (whether >= rate) return undefined;
    return { kind: pick(() => which, chosen), ms: pick(() => long, delays) };
  }
}
