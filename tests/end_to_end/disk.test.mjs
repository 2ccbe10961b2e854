// SPDX-License-Identifier: Apache-2.0
//
// A disk that fills up, and one that fails.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { clients, consent, redirectUri, startProvider } from '../provider/provider.mjs';
import { Broker, detailsOf } from './broker.mjs';
import { alice, authorize, rejects, sleep, until } from './expect.mjs';

const noRoom = { code: 'UNAVAILABLE', reason: 'STORAGE_UNAVAILABLE' };
// 1 PiB.
const moreThanAnyDisk = 1073741824;

async function readyz(broker) {
  const response = await fetch(`${broker.http}/readyz`);
  return [response.status, await response.text()];
}

// A broker on a disk whose faults come and go: `fault(letter)` and `mend()`, see
// faulty_disk.c.
async function onFaultyDisk(t, { ttl, ...changes }) {
  const provider = await startProvider({ accessTokenTtl: ttl });
  t.after(() => provider.close());
  const broker = new Broker(t);
  broker.configure({
    providers: [broker.oidc(provider, clients.basic)],
    ...changes,
  });
  const source = join(dirname(fileURLToPath(import.meta.url)), 'faulty_disk.c');
  const library = join(broker.folder, 'faulty_disk.so');
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl']);
  const fault = join(broker.folder, 'fault');
  broker.environment = { LD_PRELOAD: library, FAULTY_DISK: fault };
  await broker.start();
  return {
    provider,
    broker,
    fault: (letter) => writeFileSync(fault, letter),
    mend: () => rmSync(fault, { force: true }),
  };
}

test('below the watermark what is stored is served, and nothing is begun', async (t) => {
  const provider = await startProvider({ accessTokenTtl: 300 });
  t.after(() => provider.close());
  const broker = new Broker(t);
  const providers = [broker.oidc(provider, clients.basic)];
  await broker.configure({ providers }).start();
  await authorize(broker.client);
  const started = await broker.client.startAuthorization({
    provider: 'corp',
    subject: 'bob',
    redirectUri,
  });
  const callback = await consent(started.authorizationUrl);
  assert.equal(await broker.stop(), 0);

  const rocksdb = { path: broker.data, least_free_mib: moreThanAnyDisk };
  await broker.configure({ providers, storage: { rocksdb } }).start();
  const [status, text] = await readyz(broker);
  assert.equal(status, 503);
  assert.match(text, /\[-\]storage .*less than 1073741824 MiB.*least_free_mib/);
  assert.match(text, /\[\+\]refresh ok/);
  assert.equal((await fetch(`${broker.http}/livez`)).status, 200);
  assert.equal((await broker.client.check({})).status, 'NOT_SERVING');

  const asked = provider.ledger.length;
  const { accessToken } = await broker.client.getAccessToken(alice);
  assert.equal((await provider.userinfo(accessToken)).status, 200);
  assert.equal((await broker.client.getAccessToken(alice)).accessToken, accessToken);
  const { connection } = await broker.client.getConnection(alice);
  assert.equal(connection.state, 'STATE_ACTIVE');
  await rejects(
    broker.client.getAccessToken({ ...alice, rejectedAccessToken: accessToken }),
    noRoom,
  );
  await rejects(
    broker.client.startAuthorization({ provider: 'corp', subject: 'c', redirectUri }),
    noRoom,
  );
  await rejects(broker.client.completeAuthorization(callback), noRoom);
  assert.equal(provider.ledger.length, asked);
  assert.equal(await broker.stop(), 0);

  // Neither the refresh nor the authorization was spent.
  await broker.configure({ providers }).start();
  assert.equal((await readyz(broker))[0], 200);
  await broker.client.completeAuthorization(callback);
  const next = await broker.client.getAccessToken({
    ...alice,
    rejectedAccessToken: accessToken,
  });
  assert.equal((await provider.userinfo(next.accessToken)).status, 200);
});

test('when room is back the broker goes on by itself', async (t) => {
  const { broker, fault, mend } = await onFaultyDisk(t, { ttl: 300 });
  await authorize(broker.client);
  const { accessToken } = await broker.client.getAccessToken(alice);
  const again = { ...alice, rejectedAccessToken: accessToken };
  const health = async () => (await broker.client.check({})).status;

  fault('f');
  await until(async () => (await health()) === 'NOT_SERVING', 'not serving', 3000);
  assert.match((await readyz(broker))[1], /\[-\]storage .*less than 128 MiB/);
  await rejects(broker.client.getAccessToken(again), noRoom);
  assert.ok((await broker.client.getAccessToken(alice)).accessToken);

  mend();
  await until(async () => (await health()) === 'SERVING', 'serving', 3000);
  assert.equal((await readyz(broker))[0], 200);
  const renewed = await broker.client.getAccessToken(again);
  assert.notEqual(renewed.accessToken, accessToken);
  assert.equal(await broker.stop(), 0);
});

for (const [letter, what] of [
  ['s', 'a sync that fails'],
  ['w', 'a log that cannot be written'],
]) {
  test(`${what} under load: exit 70, and after the restart nothing acknowledged is missing`, async (t) => {
    const { provider, broker, fault, mend } = await onFaultyDisk(t, {
      ttl: 3,
      drain: { delay: '1s', grace: '5s' },
    });
    const keys = Array.from({ length: 6 }, (_, i) => ({
      provider: 'corp',
      subject: `user-${i}`,
    }));
    for (const key of keys) await authorize(broker.client, key);

    // Callers who force refreshes, so that some are under way at any moment.
    // What they were told is remembered.
    const acknowledged = new Map();
    let stopping = false;
    const load = keys.map(async (key) => {
      while (!stopping) {
        const token = await broker.client.getAccessToken(key, 2).catch(() => {});
        if (token) acknowledged.set(key.subject, token.generation);
        await broker.client
          .getAccessToken({ ...key, rejectedAccessToken: token?.accessToken }, 2)
          .then((next) => acknowledged.set(key.subject, next.generation))
          .catch(() => {});
      }
    });
    await sleep(300 + Math.random() * 300);
    fault(letter);
    const failed = Date.now();
    await until(async () => {
      const [status, text] = await readyz(broker);
      return status === 503 && /\[-\]storage .*a write failed/.test(text);
    }, 'not ready', 3000);
    const { code, signal } = await broker.exited;
    stopping = true;
    await Promise.all(load);
    assert.equal(signal, null);
    assert.equal(code, 70, broker.errors);
    assert.match(broker.errors, /^token-broker: storage: a write failed \(.*\), .*, then start again\n$/);
    for (const event of ['storage_failed', 'draining', 'stopped']) {
      assert.match(broker.log, new RegExp(`"event":"${event}"`));
    }

    mend();
    await broker.start();
    assert.equal((await readyz(broker))[0], 200);
    for (const key of keys) {
      const { connection } = await broker.client.getConnection(key);
      const told = acknowledged.get(key.subject);
      assert.ok(connection.generation >= told, `${key.subject}: ${connection.generation} < ${told}`);
    }
    // A refresh whose outcome is unknown is not hurried while the old token
    // lives; what is asked here is asked at the end of that life too.
    const lost = new Set();
    for (const wait of [0, 3500]) {
      await sleep(wait);
      for (const key of keys) {
        if (lost.has(key.subject)) continue;
        const answer = await broker.client.getAccessToken(key, 10).catch((e) => e);
        if (answer.accessToken) {
          assert.equal((await provider.userinfo(answer.accessToken)).status, 200);
          continue;
        }
        const [info] = detailsOf(answer).errorInfos;
        assert.equal(info?.reason, 'REAUTHORIZATION_REQUIRED', String(answer));
        assert.equal(info.metadata.cause, 'ROTATION_LOST');
        lost.add(key.subject);
      }
    }
    // Only where the provider rotated when the disk had failed, and what it
    // issued could not be stored.
    const gone = provider.ledger.filter(
      (entry) =>
        entry.grantType === 'refresh_token' &&
        entry.status === 200 &&
        Math.abs(entry.time - failed) < 1000 &&
        !provider.ledger.some((other) => other.presented === entry.refreshToken),
    );
    assert.ok(lost.size <= gone.length, `${lost.size} lost, ${gone.length} explained`);
    t.diagnostic(`${keys.length} connections, ${lost.size} rotations lost and told`);
  });
}
