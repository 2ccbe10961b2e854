// SPDX-License-Identifier: Apache-2.0
//
// kill -9 at random moments. KILLS and SEED come from the environment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clients, startProvider } from '../provider/provider.mjs';
import { generator } from '../simulator/random.mjs';
import { Broker, detailsOf } from './broker.mjs';
import { alice, authorize, sleep } from './expect.mjs';

const kills = Number(process.env.KILLS ?? 12);
const seed = Number(process.env.SEED ?? Date.now() % 1000000);

test(`after each of ${kills} kills the token works, or the loss is told and explained (SEED=${seed})`, async (t) => {
  t.diagnostic(`SEED=${seed} KILLS=${kills}`);
  const random = generator(seed);
  const provider = await startProvider({ accessTokenTtl: 2 });
  t.after(() => provider.close());
  const broker = new Broker(t);
  broker.configure({ providers: [broker.oidc(provider, clients.basic)] });
  await broker.start();
  await authorize(broker.client);
  let lost = 0;

  for (let kill = 0; kill < kills; ++kill) {
    // Callers who force refreshes, so that some are under way at any moment.
    let stop = false;
    const load = (async () => {
      while (!stop) {
        const token = await broker.client.getAccessToken(alice, 2).catch(() => {});
        await broker.client
          .getAccessToken({ ...alice, rejectedAccessToken: token?.accessToken }, 2)
          .catch(() => {});
      }
    })();
    await sleep(50 + random() * 400);
    await broker.kill();
    stop = true;
    const killed = Date.now();
    await load.catch(() => {});
    await broker.start();

    // A refresh whose outcome is unknown is not hurried while the old token
    // lives; what is asked here is asked at the end of that life too.
    for (const wait of [0, 2500]) {
      await sleep(wait);
      const answer = await broker.client.getAccessToken(alice, 10).catch((e) => e);
      if (answer.accessToken) {
        const userinfo = await provider.userinfo(answer.accessToken);
        assert.equal(userinfo.status, 200, `kill ${kill}`);
        continue;
      }
      const [info] = detailsOf(answer).errorInfos;
      assert.equal(info?.reason, 'REAUTHORIZATION_REQUIRED', `kill ${kill}: ${answer}`);
      assert.equal(info.metadata.cause, 'ROTATION_LOST');
      // Only where the provider rotated just before the kill, and what it
      // issued never came back to it.
      const rotated = provider.ledger
        .filter((e) => e.refreshToken && e.time <= killed + 100)
        .at(-1);
      assert.ok(killed - rotated.time < 1000, `kill ${kill}: no rotation near it`);
      assert.ok(
        !provider.ledger.some((e) => e.presented === rotated.refreshToken),
        `kill ${kill}: the broker had the new token`,
      );
      ++lost;
      await authorize(broker.client);
    }
  }
  const rotations = provider.ledger.filter(
    (e) => e.grantType === 'refresh_token' && e.status === 200,
  ).length;
  t.diagnostic(`${kills} kills, ${rotations} rotations, ${lost} rotations lost and told`);
});
