// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clients, startProvider } from '../provider/provider.mjs';
import { Broker } from './broker.mjs';
import { alice, authorize, rejects, sleep, until } from './expect.mjs';

async function world(t, { client = clients.basic, ttl = 4, ...changes } = {}) {
  const provider = await startProvider({ accessTokenTtl: ttl });
  t.after(() => provider.close());
  const broker = new Broker(t);
  broker.configure({ providers: [broker.oidc(provider, client, changes)] });
  await broker.start();
  return { provider, broker, client: broker.client };
}

const refreshes = (provider) =>
  provider.ledger.filter((entry) => entry.grantType === 'refresh_token');

for (const method of ['basic', 'post']) {
  test(`a user consents and the token works (client_secret_${method})`, async (t) => {
    const { provider, client } = await world(t, {
      client: clients[method],
      token_endpoint_auth_method: `client_secret_${method}`,
      ttl: 60,
    });
    const { connection } = await authorize(client);
    assert.equal(connection.state, 'STATE_ACTIVE');
    assert.equal(connection.generation, 1);
    assert.deepEqual(connection.account, {
      id: 'alice',
      email: 'alice@example.test',
    });
    const token = await client.getAccessToken(alice);
    assert.equal(token.tokenType, 'Bearer');
    const userinfo = await provider.userinfo(token.accessToken);
    assert.equal((await userinfo.json()).sub, 'alice');
  });
}

test('the broker refreshes by itself before expiry, and nobody ever sees an expired token', async (t) => {
  const { provider, client } = await world(t);
  await authorize(client);
  const generations = new Set();
  const end = Date.now() + 9000;
  while (Date.now() < end) {
    const token = await client.getAccessToken(alice);
    generations.add(token.generation);
    const userinfo = await provider.userinfo(token.accessToken);
    assert.equal(userinfo.status, 200);
    await sleep(50);
  }
  assert.ok(generations.size >= 3, `${generations.size} generations`);
  assert.ok(refreshes(provider).every((entry) => entry.status === 200));
  const presented = refreshes(provider).map((entry) => entry.presented);
  assert.equal(new Set(presented).size, presented.length);
});

test('nobody has to ask for the refresh', async (t) => {
  const { provider, client } = await world(t);
  await authorize(client);
  await until(() => refreshes(provider).length >= 2, 'two refreshes', 9000);
});

test('a rejected token costs the provider one refresh, however many ask', async (t) => {
  const { provider, client } = await world(t, { ttl: 600 });
  await authorize(client);
  const { accessToken } = await client.getAccessToken(alice);
  const answers = await Promise.all(
    Array.from({ length: 50 }, () =>
      client.getAccessToken({ ...alice, rejectedAccessToken: accessToken }),
    ),
  );
  assert.equal(refreshes(provider).length, 1);
  assert.equal(new Set(answers.map((a) => a.accessToken)).size, 1);
  assert.notEqual(answers[0].accessToken, accessToken);
});

test('an expired token costs the provider one refresh, however many ask', async (t) => {
  const { provider, broker, client } = await world(t);
  await authorize(client);
  await broker.stop();
  await sleep(4200); // past the expiry, with nobody there to refresh
  await broker.start();
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => broker.client.getAccessToken(alice)),
  );
  assert.equal(refreshes(provider).length, 1);
  assert.deepEqual([...new Set(answers.map((a) => a.generation))], [2]);
  const userinfo = await provider.userinfo(answers[0].accessToken);
  assert.equal(userinfo.status, 200);
});

test('a demand longer than the life gets the best token and no refresh loop', async (t) => {
  const { provider, client } = await world(t, { ttl: 600 });
  await authorize(client);
  for (let i = 0; i < 20; ++i) {
    await client.getAccessToken({ ...alice, minTtl: { seconds: 86400 } });
  }
  assert.equal(refreshes(provider).length, 0);
});

test('the old token serves while the provider is down, and the connection survives', async (t) => {
  const { provider, client } = await world(t, { ttl: 8 });
  await authorize(client);
  const { accessToken } = await client.getAccessToken(alice);
  provider.setUp(false);
  await sleep(5500); // past the due time
  assert.equal((await client.getAccessToken(alice)).accessToken, accessToken);
  provider.setUp(true);
  const token = await until(
    () =>
      client.getAccessToken(alice).then(
        (answer) => answer.generation > 1 && answer,
        () => false,
      ),
    'a refresh after the outage',
    15000,
  );
  assert.equal((await provider.userinfo(token.accessToken)).status, 200);
});

test('reads show the connection and never a token', async (t) => {
  const { client } = await world(t, { ttl: 600 });
  await authorize(client);
  await authorize(client, { subject: 'bob' });
  const { connection } = await client.getConnection(alice);
  assert.equal(connection.subject, 'alice');
  const { accessToken } = await client.getAccessToken(alice);
  const first = await client.listConnections({ pageSize: 1 });
  assert.equal(first.connections[0].subject, 'alice');
  const second = await client.listConnections({
    pageSize: 1,
    pageToken: first.nextPageToken,
  });
  assert.equal(second.connections[0].subject, 'bob');
  assert.equal(second.nextPageToken, '');
  assert.ok(!JSON.stringify([connection, first, second]).includes(accessToken));
  const { providers } = await client.listProviders();
  assert.deepEqual(providers.map((p) => p.name), ['corp']);
});

test('deleting revokes at the provider', async (t) => {
  const { provider, client } = await world(t, { ttl: 600 });
  await authorize(client);
  const { accessToken } = await client.getAccessToken(alice);
  await client.deleteConnection(alice);
  assert.equal((await provider.userinfo(accessToken)).status, 401);
  await rejects(client.getAccessToken(alice), {
    code: 'NOT_FOUND',
    reason: 'CONNECTION_NOT_FOUND',
  });
});

test('deleting works with the provider down', async (t) => {
  const { provider, client } = await world(t, { ttl: 600 });
  await authorize(client);
  provider.setUp(false);
  await client.deleteConnection(alice);
  await rejects(client.getConnection(alice), {
    code: 'NOT_FOUND',
    reason: 'CONNECTION_NOT_FOUND',
  });
});
