// SPDX-License-Identifier: Apache-2.0
//
// The fault table: everything a provider can do wrong to a refresh, for every
// rotation class. What the broker makes of it, and what becomes of the grant,
// stands in the table below; all connections go through it side by side.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kinds } from '../simulator/faults.mjs';
import { consent, redirectUri, startSimulator } from '../simulator/simulator.mjs';
import { Broker, detailsOf } from './broker.mjs';
import { sleep, until } from './expect.mjs';

const client = { id: 'broker', secret: 'one-secret' };
const life = 5;

// How the first try ends; `moved`: the provider rotated, and nobody saw it.
const table = {
  delay_before_commit: { outcome: 'success' },
  delay_after_commit: { outcome: 'success' },
  reset_before_body: { outcome: 'unknown' },
  reset_after_commit: { outcome: 'unknown', moved: true },
  cut_in_body: { outcome: 'unknown', moved: true },
  too_many_seconds: { outcome: 'transient' },
  too_many_date: { outcome: 'transient' },
  too_many_garbage: { outcome: 'transient' },
  too_many_bare: { outcome: 'transient' },
  status_500: { outcome: 'unknown' },
  status_502: { outcome: 'unknown', moved: true },
  status_503: { outcome: 'transient' },
  status_504: { outcome: 'unknown', moved: true },
  temporarily_unavailable: { outcome: 'transient' },
  slow_down: { outcome: 'transient' },
  garbage_200: { outcome: 'unknown', moved: true },
  html_200: { outcome: 'unknown' },
  no_access_token: { outcome: 'unknown', moved: true },
  truncated_json: { outcome: 'unknown', moved: true },
  slow_head: { outcome: 'unknown', moved: true },
  slow_body: { outcome: 'unknown', moved: true },
  huge_body: { outcome: 'unknown', moved: true },
  redirect: { outcome: 'unknown' },
  invalid_grant_once: { outcome: 'grant_dead' },
};

// These hold the whole provider back: a provider of their own, below.
const alone = ['too_many_absurd', 'invalid_client'];

test('the table has every fault', () => {
  assert.deepEqual([...Object.keys(table), ...alone].sort(), [...kinds].sort());
});

async function connect(broker, provider, subject) {
  const { authorizationUrl } = await broker.client.startAuthorization({
    provider,
    subject,
    redirectUri,
    loginHint: subject,
  });
  await broker.client.completeAuthorization(await consent(authorizationUrl));
  return broker.client.getAccessToken({ provider, subject });
}

// A broker and a provider of this class.
async function stage(t, rotation, changes = {}) {
  const simulator = await startSimulator({
    rotation,
    graceSeconds: 60,
    accessTokenTtl: life,
    client,
  });
  t.after(() => simulator.close());
  const broker = new Broker(t);
  broker.configure({
    providers: [
      simulator.blockFor(broker, {
        name: 'corp',
        request_timeout: '1s',
        max_concurrent_requests: 64,
        ...changes,
      }),
    ],
  });
  await broker.start();
  return { simulator, broker };
}

// After the first try all is well again. Gives how the connection ended.
async function sitThrough({ simulator, broker }, subject) {
  const connection = { provider: 'corp', subject };
  const { accessToken: first } = await connect(broker, 'corp', subject);
  const expired = Date.now() + life * 1000;
  simulator.faults.nextFor(subject, subject);
  // Somebody asks now and then. The old token serves as long as it lives.
  return until(async () => {
    const asked = Date.now();
    const answer = await broker.client.getAccessToken(connection).catch((e) => e);
    if (answer.accessToken === first || !answer.accessToken) {
      assert.ok(answer.accessToken || asked > expired - 1200, `${subject}: ${answer}`);
      const [info] = detailsOf(answer).errorInfos;
      return info?.reason === 'REAUTHORIZATION_REQUIRED' && info.metadata.cause;
    }
    assert.equal(simulator.resourceStatus(answer.accessToken), 200);
    return 'alive';
  }, `${subject}: an end`, 3 * life * 1000);
}

for (const rotation of ['never', 'until_first_use', 'grace', 'strict']) {
  test(`every fault, rotation ${rotation}`, async (t) => {
    const { simulator, broker } = await stage(t, rotation);
    const ends = await Promise.all(
      Object.keys(table).map(async (fault) => [
        fault,
        await sitThrough({ simulator, broker }, fault),
      ]),
    );
    for (const [fault, end] of ends) {
      const { outcome, moved } = table[fault];
      const [tried] = broker.events('refresh').filter((e) => e.subject === fault);
      assert.equal(tried.outcome, outcome, fault);
      // What a strict provider issued into the void is lost, and said to be.
      const lost = rotation === 'strict' && moved;
      assert.equal(end, lost ? 'ROTATION_LOST' : 'alive', fault);
      const presented = simulator.ledger.entries.filter(
        (e) => e.kind === 'refresh' && e.subject === fault && e.serial === 1,
      );
      if (rotation === 'strict' && outcome === 'unknown') {
        // Presented again only when nothing was left to lose: near the end of
        // the access token, however late the first try was.
        assert.equal(presented.length, 2, fault);
        const code = simulator.ledger.entries.find(
          (e) => e.kind === 'code' && e.subject === fault,
        );
        const age = presented[1].arrived - code.arrived;
        assert.ok(age > life * 800, `${fault}: again at the age of ${age} ms`);
      }
    }
    t.diagnostic(
      `${ends.length} faults, ${ends.filter(([, end]) => end !== 'alive').length} lost and told`,
    );
  });
}

test('invalid_client suspends the provider and ends no connection', async (t) => {
  const { simulator, broker } = await stage(t, 'strict');
  const subjects = ['a', 'b', 'c'];
  for (const subject of subjects) await connect(broker, 'corp', subject);
  simulator.faults.next('invalid_client', 'invalid_client', 'invalid_client');
  await until(() => broker.events('provider_suspended').length === 1, 'suspension');
  await sleep(life * 1000);
  for (const subject of subjects) {
    const { connection } = await broker.client.getConnection({ provider: 'corp', subject });
    assert.equal(connection.state, 'STATE_SUSPENDED');
    assert.equal(connection.reason, 'REASON_CLIENT_REJECTED');
  }
  const tries = simulator.ledger.entries.filter((e) => e.kind === 'refresh');
  assert.ok(tries.length <= subjects.length, `${tries.length} tries`);
});

test('an absurd Retry-After pauses the provider, not for ever, and not each row', async (t) => {
  const { simulator, broker } = await stage(t, 'never');
  for (const subject of ['a', 'b', 'c']) await connect(broker, 'corp', subject);
  simulator.faults.next('too_many_absurd');
  await sleep(life * 1000 + 500);
  const tries = simulator.ledger.entries.filter((e) => e.kind === 'refresh');
  // What was under way when the first answer came may have been sent as well.
  assert.ok(tries.length <= 3, `${tries.length} tries`);
  const error = await broker.client
    .getAccessToken({ provider: 'corp', subject: 'a' })
    .catch((e) => e);
  const { errorInfos, retryDelay } = detailsOf(error);
  if (error.accessToken) return;
  assert.equal(errorInfos[0].reason, 'PROVIDER_UNAVAILABLE');
  assert.ok(retryDelay.seconds <= 15 * 60, `${retryDelay.seconds} s`);
});
