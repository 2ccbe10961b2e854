// SPDX-License-Identifier: Apache-2.0
//
// At most so many requests in any second that slides along.
export class Rate {
  #most;
  #passed = [];
  refused = 0;

  constructor(most = Infinity) {
    this.#most = most;
  }

  mayPass(now) {
    while (this.#passed[0] <= now - 1000) this.#passed.shift();
    if (this.#passed.length >= this.#most) {
      this.refused += 1;
      return false;
    }
    this.#passed.push(now);
    return true;
  }
}
