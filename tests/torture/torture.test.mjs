// SPDX-License-Identifier: Apache-2.0
//
// A short campaign holds; and with a step of the protocol left out it does not,
// or the oracle would be worth nothing. CYCLES and SEED come from the
// environment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { campaign } from './campaign.mjs';
import { judge } from './oracle.mjs';
import { defaults } from './options.mjs';
import { print } from './report.mjs';

const seed = Number(process.env.SEED ?? Date.now() % 1000000);
const usual = {
  ...defaults,
  seed,
  cycles: Number(process.env.CYCLES ?? 30),
  connections: 20,
  callers: 6,
};

async function judged(changes) {
  const options = { ...usual, ...changes };
  const history = await campaign(options);
  return { history, violations: judge(history) };
}

test(`kills, stops and faults: nothing breaks (SEED=${seed})`, async () => {
  const { history, violations } = await judged({});
  print(history, violations);
  assert.deepEqual(violations.map((v) => v.check), []);
});

// A provider that takes its time, so that many an exchange is under way when the
// broker dies.
const slowly = {
  cycles: 15,
  faults: 0.5,
  fault: ['delay_before_commit', 'delay_after_commit'],
};

// What breaks without a step.
const weakened = [
  { weaken: 'storage.attempt', breaks: ['attemptsAreNoted', 'neverTwice', 'lossesAreExplained'] },
  { weaken: 'storage.sync', breaks: ['neverOlder', 'generationsGrow', 'neverTwice'] },
  { weaken: 'broker.flights,storage.compare', breaks: ['neverTogether', 'neverOlder', 'generationsGrow'] },
];

for (const { weaken, breaks } of weakened) {
  test(`without ${weaken} it breaks: ${breaks.join(', ')} (SEED=${seed})`, async () => {
    const { violations } = await judged({ ...slowly, weaken, killShare: 1 });
    const broken = new Set(violations.map((v) => v.check));
    assert.ok(breaks.some((check) => broken.has(check)), `broken: ${[...broken]}`);
  });
}

// Not all of it. The flights keep when to ask again after a failure, and that no
// code brings newer tokens while a request with an older one is on its way.
const storesOwn = [
  'neverTogether',
  'codesAreSentOnce',
  'attemptsAreNoted',
  'generationsGrow',
  'ownTokensOnly',
];

test(`without broker.flights the store alone holds: ${storesOwn.join(', ')} (SEED=${seed})`, async () => {
  const { history, violations } = await judged({ ...slowly, weaken: 'broker.flights' });
  const broken = violations.filter((v) => storesOwn.includes(v.check));
  if (broken.length > 0) print(history, broken);
  assert.deepEqual(broken.map((v) => v.check), []);
});
