// SPDX-License-Identifier: Apache-2.0
//
// Checks: what callers were given.

const expiryTolerance = 50;

const tokensOf = (calls) => calls.filter((call) => call.token);
const keyOf = ({ provider, subject }) => `${provider}/${subject}`;

const brief = ({ token, ...call }) => ({ ...call, token: token.slice(0, -16) });

// Who asks after another was answered gets the same generation or a later one,
// and one generation is one token.
export function generationsGrow({ calls }) {
  return [...Map.groupBy(tokensOf(calls), keyOf).values()].flatMap((served) => {
    const found = [];
    const tokens = new Map();
    const ended = [...served].sort((a, b) => a.end - b.end);
    let next = 0;
    let newest;
    for (const call of [...served].sort((a, b) => a.start - b.start)) {
      // A millisecond is the clock's own.
      while (ended[next].end < call.start) {
        if (!newest || ended[next].generation > newest.generation) newest = ended[next];
        next += 1;
      }
      if (newest && call.generation < newest.generation) {
        found.push({ why: 'an older generation', before: brief(newest), after: brief(call) });
      }
      const first = tokens.get(call.generation) ?? call;
      tokens.set(call.generation, first);
      if (first.token !== call.token) {
        found.push({ why: 'one generation, two tokens', before: brief(first), after: brief(call) });
      }
    }
    return found;
  });
}

// A token that is served was issued for this connection, and has not expired.
export function ownTokensOnly({ providers, calls }) {
  const issued = new Map(
    providers.flatMap(({ name, entries }) =>
      entries
        .filter((e) => e.issued)
        .map((e) => [e.issued.accessToken, { provider: name, ...e.issued }]),
    ),
  );
  return tokensOf(calls).flatMap((call) => {
    const set = issued.get(call.token);
    if (!set) return [{ why: 'never issued', ...brief(call) }];
    if (keyOf(set) !== keyOf(call)) return [{ why: 'of another connection', ...brief(call) }];
    const late = call.start - set.expireTime;
    return late > expiryTolerance ? [{ why: `expired ${late} ms before`, ...brief(call) }] : [];
  });
}
