// SPDX-License-Identifier: Apache-2.0
//
// The wall clock of the broker's process is set while it serves, and between
// two of its lives. The provider's and ours stay as they are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clients, startProvider } from '../provider/provider.mjs';
import { Broker } from './broker.mjs';
import { alice, authorize, sleep, until } from './expect.mjs';
import { takeWallClock } from './wall_clock.mjs';

const twoHours = 2 * 3600;

async function world(t, ttl) {
  const provider = await startProvider({ accessTokenTtl: ttl });
  t.after(() => provider.close());
  const broker = new Broker(t);
  const setWallClock = takeWallClock(broker);
  broker.configure({ providers: [broker.oidc(provider, clients.basic)] });
  await broker.start();
  return { provider, broker, setWallClock };
}

const refreshes = (provider) =>
  provider.ledger.filter((entry) => entry.grantType === 'refresh_token');

// Asks for every subject's token again and again, and tries each at the
// provider. Gives how many were served.
async function serve(provider, client, subjects, ms) {
  const end = Date.now() + ms;
  const counts = await Promise.all(
    subjects.map(async (subject) => {
      let served = 0;
      while (Date.now() < end) {
        const { accessToken } = await client.getAccessToken({ ...alice, subject });
        const { status } = await provider.userinfo(accessToken);
        assert.equal(status, 200, `${subject}: an expired token was served`);
        ++served;
        await sleep(50);
      }
      return served;
    }),
  );
  return counts.reduce((sum, count) => sum + count);
}

for (const [direction, step] of [
  ['forward', twoHours],
  ['backward', -twoHours],
]) {
  test(`the wall clock is set two hours ${direction} under load`, async (t) => {
    const ttl = 6;
    const { provider, broker, setWallClock } = await world(t, ttl);
    const subjects = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const subject of subjects) await authorize(broker.client, { subject });
    await serve(provider, broker.client, subjects, 1000);
    const before = refreshes(provider).length;

    setWallClock(step);
    const start = Date.now();
    await serve(provider, broker.client, subjects, 10000);

    // A refresh comes at 60 to 75 % of a life.
    const lives = (Date.now() - start) / 1000 / (ttl * 0.6);
    const count = refreshes(provider).length - before;
    assert.ok(count >= subjects.length, `${count} refreshes`);
    assert.ok(count <= subjects.length * Math.ceil(lives), `${count} refreshes`);
    assert.ok(refreshes(provider).every(({ status }) => status === 200));

    const [said, ...again] = broker.events('clock_stepped');
    assert.match(said.wall_clock_ahead, step > 0 ? /^(2h|1h59m)/ : /^-(2h|1h59m)/);
    assert.deepEqual(again, []);
    setWallClock(0);
    await sleep(1500);
    setWallClock(step);
    await until(() => broker.events('clock_stepped').length === 2, 'a second event');
    assert.equal(await broker.stop(), 0);
  });
}

test('a step forward makes nothing due', async (t) => {
  const { provider, broker, setWallClock } = await world(t, 600);
  const subjects = ['a', 'b', 'c'];
  for (const subject of subjects) await authorize(broker.client, { subject });
  setWallClock(twoHours);
  await serve(provider, broker.client, subjects, 4000);
  assert.equal(refreshes(provider).length, 0);
});

test('a token of a run whose clock was ahead is refreshed when it is asked for', async (t) => {
  const { provider, broker, setWallClock } = await world(t, 600);
  await authorize(broker.client);
  await broker.stop();
  setWallClock(-twoHours);
  await broker.start();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => broker.client.getAccessToken(alice)),
  );
  assert.deepEqual([...new Set(answers.map((a) => a.generation))], [2]);
  assert.equal(refreshes(provider).length, 1);
  const { status } = await provider.userinfo(answers[0].accessToken);
  assert.equal(status, 200);
  const { connection } = await broker.client.getConnection(alice);
  assert.equal(connection.state, 'STATE_ACTIVE');
});

test('a token of a run whose clock was behind is refreshed once', async (t) => {
  const { provider, broker, setWallClock } = await world(t, 600);
  await authorize(broker.client);
  await broker.stop();
  setWallClock(twoHours);
  await broker.start();
  await until(() => refreshes(provider).length === 1, 'the refresh');
  await serve(provider, broker.client, ['alice'], 1000);
  assert.equal(refreshes(provider).length, 1);
});
