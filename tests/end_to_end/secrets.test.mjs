// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { clients, consent, redirectUri, startProvider } from '../provider/provider.mjs';
import { Broker } from './broker.mjs';
import { alice, authorize, until } from './expect.mjs';

// The secrets of `secrets` (name -> text) that stand in any of `texts`
// (name -> bytes), clear, in Base64 or percent-encoded.
function leaks(secrets, texts) {
  const found = [];
  for (const [name, secret] of secrets) {
    const bytes = Buffer.from(secret);
    const spellings = [
      bytes,
      Buffer.from(bytes.toString('base64').replace(/=+$/, '')),
      Buffer.from(encodeURIComponent(secret)),
    ];
    for (const [place, text] of texts) {
      if (spellings.some((spelling) => text.includes(spelling))) {
        found.push(`${name} in ${place}`);
      }
    }
  }
  return found;
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .map((path) => [path, readFileSync(path)]);
}

test('no secret of a whole run is in the data directory or in a log', async (t) => {
  const provider = await startProvider({ accessTokenTtl: 3 });
  t.after(() => provider.close());
  const broker = new Broker(t);
  broker.configure({ providers: [broker.oidc(provider, clients.basic)] });
  await broker.start();

  // The main job, failures, refreshes, a crash and a deletion.
  const states = [];
  const { started, callback } = await authorize(broker.client);
  states.push(started.state);
  await broker.client.completeAuthorization(callback).catch(() => {});
  const denied = await broker.client.startAuthorization({
    ...alice,
    redirectUri,
    loginHint: 'deny',
  });
  states.push(denied.state);
  await broker.client
    .completeAuthorization(await consent(denied.authorizationUrl))
    .catch(() => {});
  const pending = await broker.client.startAuthorization({
    provider: 'corp',
    subject: 'bob',
    redirectUri,
  });
  states.push(pending.state);
  await authorize(broker.client, { subject: 'carol' });
  await until(
    () => provider.ledger.filter((e) => e.grantType === 'refresh_token').length > 3,
    'some refreshes',
  );
  provider.setUp(false);
  const { accessToken } = await broker.client.getAccessToken(alice);
  await broker.client
    .getAccessToken({ ...alice, rejectedAccessToken: accessToken }, 5)
    .catch(() => {});
  provider.setUp(true);
  await broker.kill();
  await broker.start();
  await broker.client.getAccessToken(alice, 10).catch(() => {});
  await broker.client.deleteConnection({ provider: 'corp', subject: 'carol' });
  const metrics = await (await fetch(`${broker.http}/metrics`)).text();
  await broker.stop();

  const secrets = [['client secret', clients.basic.secret]];
  for (const state of states) secrets.push(['state', state]);
  const parts = ['presented', 'codeVerifier', 'accessToken', 'refreshToken', 'idToken'];
  for (const entry of provider.ledger) {
    for (const part of parts) {
      if (entry[part]) secrets.push([`${entry.grantType} ${part}`, entry[part]]);
    }
  }
  assert.ok(secrets.length > 20, `only ${secrets.length} secrets seen`);
  for (const part of parts) {
    assert.ok(secrets.some(([name]) => name.endsWith(part)), `no ${part} seen`);
  }
  const texts = [
    ...filesBelow(broker.data),
    ['standard output', Buffer.from(broker.log)],
    ['standard error', Buffer.from(broker.errors)],
    ['metrics', Buffer.from(metrics)],
  ];
  assert.ok(broker.log.includes('"event":"refresh"'));
  assert.deepEqual(leaks(secrets, texts), []);

  // The search finds what is there to be found.
  for (const [name, secret] of secrets) {
    const planted = [['planted', Buffer.from(`x${secret}y`)]];
    assert.deepEqual(leaks([[name, secret]], planted), [`${name} in planted`]);
  }
});
