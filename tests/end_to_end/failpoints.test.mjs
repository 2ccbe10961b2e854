// SPDX-License-Identifier: Apache-2.0
//
// The broker is killed once at every point around its durable steps, and starts
// again on what it left. Each case says what must hold then. The last test
// compares the points that were reached with the list of all.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { clients, consent, redirectUri, startProvider } from '../provider/provider.mjs';
import { binary, Broker, detailsOf, failpointsBinary } from './broker.mjs';
import { alice, authorize, rejects, until } from './expect.mjs';

const folder = mkdtempSync(join(tmpdir(), 'token-broker-hits-'));
const hits = join(folder, 'hits');
after(() => rmSync(folder, { recursive: true, force: true }));

// A provider that rotates strictly, and a broker on fresh data.
class Stage {
  constructor(t, provider) {
    this.provider = provider;
    this.broker = new Broker(t);
    this.broker.configure({
      providers: [this.broker.oidc(provider, clients.basic)],
    });
  }

  // Starts with `armed` points, after the end of the run before.
  async run(armed = '') {
    if (this.broker.running) assert.equal(await this.broker.stop(), 0);
    await this.broker.arm(armed, hits).start();
    return this.broker.client;
  }

  // Runs with `point` armed to kill, until `act` has met it.
  async die(point, act) {
    const client = await this.run(`${point}=kill`);
    const call = act(client).catch(() => {});
    assert.equal((await this.broker.exited).signal, 'SIGKILL');
    await call;
  }

  async works(token) {
    assert.equal((await this.provider.userinfo(token)).status, 200);
  }

  presentations(kind) {
    return this.provider.ledger.filter((e) => e.grantType === kind);
  }
}

// A case of its own provider and broker; all run side by side.
function onStage(name, life, play) {
  test(name, { concurrency: true }, async (t) => {
    const provider = await startProvider({ accessTokenTtl: life });
    t.after(() => provider.close());
    await play(new Stage(t, provider));
  });
}

const start = (client) =>
  client.startAuthorization({ ...alice, redirectUri });

// --- Fresh data and sign-in ---

for (const point of [
  'start.before_remember',
  'start.after_remember',
  'storage.before_write',
  'storage.after_write',
]) {
  onStage(`${point}: who starts again gets through`, 60, async (stage) => {
    await stage.run();
    await stage.die(point, start);
    await authorize(await stage.run());
  });
}

for (const point of ['create.before_finish', 'create.after_finish']) {
  onStage(`${point}: the next start finishes it`, 60, async (stage) => {
    await assert.rejects(stage.run(`${point}=kill`));
    await authorize(await stage.run());
  });
}

// Started and consented, and killed when it is completed.
async function dieCompleting(stage, point) {
  const { authorizationUrl } = await start(await stage.run());
  const callback = await consent(authorizationUrl);
  await stage.die(point, (client) => client.completeAuthorization(callback));
  return callback;
}

onStage('complete.before_take: the same callback completes', 60, async (stage) => {
  const callback = await dieCompleting(stage, 'complete.before_take');
  const client = await stage.run();
  await client.completeAuthorization(callback);
  await stage.works((await client.getAccessToken(alice)).accessToken);
});

for (const point of [
  'complete.after_take',
  'exchange.before_begin',
  'exchange.after_begin',
  'exchange.after_send',
]) {
  onStage(`${point}, of a code: it is spent, and never sent twice`, 60, async (stage) => {
    const callback = await dieCompleting(stage, point);
    const client = await stage.run();
    await rejects(client.completeAuthorization(callback), {
      code: 'NOT_FOUND',
      reason: 'AUTHORIZATION_NOT_FOUND',
    });
    await rejects(client.getAccessToken(alice), {
      code: 'NOT_FOUND',
      reason: 'CONNECTION_NOT_FOUND',
    });
    const sent = point === 'exchange.after_send' ? 1 : 0;
    assert.equal(stage.presentations('authorization_code').length, sent);
    await authorize(client);
  });
}

for (const point of [
  'exchange.after_keep',
  'complete.before_commit',
  'complete.after_commit',
]) {
  onStage(`${point}, of a code: the connection is there`, 60, async (stage) => {
    await dieCompleting(stage, point);
    const client = await stage.run();
    await stage.works((await client.getAccessToken(alice)).accessToken);
    assert.equal(stage.presentations('authorization_code').length, 1);
  });
}

// --- Refresh ---

// Connected, and killed in a refresh. Gives the token before it.
async function dieRefreshing(stage, point) {
  const client = await stage.run();
  await authorize(client);
  const { accessToken } = await client.getAccessToken(alice);
  await stage.die(point, (c) =>
    c.getAccessToken({ ...alice, rejectedAccessToken: accessToken }));
  return accessToken;
}

onStage('exchange.before_begin: nothing happened', 60, async (stage) => {
  const old = await dieRefreshing(stage, 'exchange.before_begin');
  const client = await stage.run();
  assert.equal((await client.getAccessToken(alice)).accessToken, old);
  assert.equal(stage.presentations('refresh_token').length, 0);
  const renewed = await client.getAccessToken({ ...alice, rejectedAccessToken: old });
  await stage.works(renewed.accessToken);
});

for (const [point, lost] of [
  ['exchange.after_begin', false],
  ['exchange.after_send', true],
]) {
  onStage(`${point}: the old token serves to its end, then it shows`, 5, async (stage) => {
    const old = await dieRefreshing(stage, point);
    const client = await stage.run();
    const { connection } = await client.getConnection(alice);
    assert.equal(connection.state, 'STATE_OUTCOME_UNKNOWN');
    assert.equal((await client.getAccessToken(alice)).accessToken, old);
    const answer = await until(async () => {
      const next = await client.getAccessToken(alice).catch((error) => error);
      return next.accessToken !== old && next;
    }, 'the end of the old token');
    if (lost) {
      const [info] = detailsOf(answer).errorInfos;
      assert.equal(info.reason, 'REAUTHORIZATION_REQUIRED');
      assert.equal(info.metadata.cause, 'ROTATION_LOST');
      assert.equal(stage.presentations('refresh_token').length, 2);
    } else {
      await stage.works(answer.accessToken);
      assert.equal(stage.presentations('refresh_token').length, 1);
    }
  });
}

// What the provider issued serves after the restart; it was asked once.
async function renewedIsServed(stage) {
  const client = await stage.run();
  const { accessToken, generation } = await client.getAccessToken(alice);
  const [asked, ...more] = stage.presentations('refresh_token');
  assert.equal(accessToken, asked.accessToken);
  assert.equal(generation, 2);
  assert.equal(more.length, 0);
  await stage.works(accessToken);
}

for (const point of [
  'exchange.after_keep',
  'refresh.before_commit',
  'refresh.after_commit',
]) {
  onStage(`${point}: the new token serves, and nobody was asked twice`, 60, async (stage) => {
    await dieRefreshing(stage, point);
    await renewedIsServed(stage);
  });
}

for (const point of ['recovery.before_end', 'recovery.after_end']) {
  onStage(`${point}: the next start ends the attempt`, 60, async (stage) => {
    await dieRefreshing(stage, 'exchange.after_keep');
    await assert.rejects(stage.run(`${point}=kill`));
    await renewedIsServed(stage);
  });
}

onStage('a commit that fails is not served, and not lost', 60, async (stage) => {
  const client = await stage.run();
  await authorize(client);
  const { accessToken: old } = await client.getAccessToken(alice);
  // Begin and KeepResponse are written, Commit is not.
  const failing = await stage.run('storage.before_write=error#3');
  await rejects(
    failing.getAccessToken({ ...alice, rejectedAccessToken: old }),
    { code: 'UNAVAILABLE', reason: 'STORAGE_UNAVAILABLE' });
  await stage.broker.kill();
  await renewedIsServed(stage);
});

// --- Deletion and stop ---

onStage('delete.after_revoke: it is still there, and can be deleted', 60, async (stage) => {
  await authorize(await stage.run());
  await stage.die('delete.after_revoke', (client) => client.deleteConnection(alice));
  const client = await stage.run();
  await client.getConnection(alice);
  await client.deleteConnection(alice);
});

onStage('delete.after_remove: it is gone', 60, async (stage) => {
  await authorize(await stage.run());
  await stage.die('delete.after_remove', (client) => client.deleteConnection(alice));
  await rejects((await stage.run()).getConnection(alice), {
    code: 'NOT_FOUND',
    reason: 'CONNECTION_NOT_FOUND',
  });
});

onStage('drain.after_close: nothing is lost', 60, async (stage) => {
  const client = await stage.run();
  await authorize(client);
  const { accessToken } = await client.getAccessToken(alice);
  await stage.die('drain.after_close', async () => stage.broker.process.kill('SIGTERM'));
  const again = await (await stage.run()).getAccessToken(alice);
  assert.equal(again.accessToken, accessToken);
});

// --- The points themselves ---

test('every point was reached', () => {
  const all = execFileSync(failpointsBinary, ['failpoints'], { encoding: 'utf8' });
  const reached = new Set(readFileSync(hits, 'utf8').split('\n'));
  assert.ok(all.length > 0);
  assert.deepEqual(all.trim().split('\n').filter((point) => !reached.has(point)), []);
});

test('what is shipped has none of them', () => {
  const names = execFileSync(failpointsBinary, ['failpoints'], { encoding: 'utf8' });
  const shipped = readFileSync(binary);
  assert.ok(readFileSync(failpointsBinary).includes('TOKENBROKER_FAILPOINTS'));
  for (const name of ['TOKENBROKER_FAILPOINTS', ...names.trim().split('\n')]) {
    assert.ok(!shipped.includes(name), name);
  }
});
