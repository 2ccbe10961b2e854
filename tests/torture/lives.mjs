// SPDX-License-Identifier: Apache-2.0
//
// The lives of one broker on one data directory: started, and ended by kill -9,
// by SIGTERM, or by itself.
//
//   number, started, serving (undefined: it never did)
//   stop       {how: `kill`, `term`, `itself`, time}
//   ended, code, signal
//   lines      its log, parsed
import { once } from 'node:events';

// A broker that does not end after SIGTERM is a finding, not a reason to wait.
const longestStop = 20000;

const parseLines = (text) =>
  text
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line));

export class Lives {
  all = [];
  #broker;
  #configure;

  // `configure(number)` is called before each life.
  constructor(broker, configure) {
    this.#broker = broker;
    this.#configure = configure;
  }

  // The client while it serves, else undefined.
  get client() {
    return this.current?.serving && !this.current.stop ? this.#broker.client : undefined;
  }

  // What it said on standard error, ever.
  get errors() {
    return this.#broker.errors;
  }

  // Resolves when it serves or has ended; `current` says which.
  async start() {
    const life = { number: this.all.length, started: Date.now() };
    this.all.push(life);
    this.current = life;
    this.#configure(life.number);
    const from = this.#broker.log.length;
    const serving = this.#broker.start();
    const child = this.#broker.process;
    child.once('exit', (code, signal) => {
      // A failpoint may kill it in the middle of an orderly stop.
      if (!life.stop || (life.stop.how === 'term' && signal)) {
        life.stop = { how: 'itself', time: Date.now() };
      }
      Object.assign(life, { code, signal });
    });
    // `close` comes when the log was read to its end.
    life.over = once(child, 'close').then(() => {
      life.ended = Date.now();
      life.lines = parseLines(this.#broker.log.slice(from));
      delete life.over;
    });
    await serving.then(
      () => {
        life.serving = Date.now();
      },
      () => life.over,
    );
  }

  // Ends the current life by `kill` or `term`, unless it ended by itself.
  async end(how) {
    const life = this.current;
    if (!life.stop) {
      life.stop = { how, time: Date.now() };
      this.#broker.process.kill(how === 'kill' ? 'SIGKILL' : 'SIGTERM');
    }
    const timer = setTimeout(() => this.#broker.process.kill('SIGKILL'), longestStop);
    await life.over;
    clearTimeout(timer);
  }
}
