// SPDX-License-Identifier: Apache-2.0
//
// SIGTERM at random moments under load, with a provider that rotates strictly:
// nothing may be lost. RESTARTS comes from the environment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clients, startProvider } from '../provider/provider.mjs';
import { Broker } from './broker.mjs';
import { alice, authorize, sleep } from './expect.mjs';

const restarts = Number(process.env.RESTARTS ?? 15);

test(`${restarts} restarts under load lose nothing`, async (t) => {
  const provider = await startProvider({ accessTokenTtl: 60 });
  t.after(() => provider.close());
  const broker = new Broker(t);
  broker.configure({ providers: [broker.oidc(provider, clients.basic)] });
  await broker.start();
  await authorize(broker.client);

  for (let restart = 0; restart < restarts; ++restart) {
    // Callers who force refreshes, so that one is under way at any moment.
    let stopping = false;
    const load = (async () => {
      while (!stopping) {
        const token = await broker.client.getAccessToken(alice, 2).catch(() => {});
        await broker.client
          .getAccessToken({ ...alice, rejectedAccessToken: token?.accessToken }, 2)
          .catch(() => {});
      }
    })();
    await sleep(50 + Math.random() * 150);
    assert.equal(await broker.stop(), 0);
    stopping = true;
    await load;
    await broker.start();
    const { accessToken } = await broker.client.getAccessToken(alice);
    assert.equal((await provider.userinfo(accessToken)).status, 200);
    const { connection } = await broker.client.getConnection(alice);
    assert.equal(connection.state, 'STATE_ACTIVE');
  }
  const refreshes = provider.ledger.filter((e) => e.grantType === 'refresh_token');
  assert.ok(refreshes.length >= restarts, `only ${refreshes.length} refreshes`);
  assert.ok(refreshes.every((e) => e.status === 200));
  t.diagnostic(`${restarts} restarts, ${refreshes.length} rotations, 0 lost`);
});
