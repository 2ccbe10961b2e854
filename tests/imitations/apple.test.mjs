// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ended } from './checks.mjs';
import * as apple from './apple.mjs';
import { connect, connection, journey, renewed, stage } from './journey.mjs';

// No API takes the access token.
journey(apple, { byClock: false });

test('apple: the name comes once and is kept', async (t) => {
  const staged = await stage(t, apple);
  const { imitation, client } = staged;
  const made = await connect(staged);
  assert.deepEqual(JSON.parse(made.attributes.user), imitation.person('alice'));
  await renewed(staged);
  // With the second consent Apple tells no name.
  const again = await connect(staged);
  assert.deepEqual(JSON.parse(again.attributes.user), imitation.person('alice'));
  const { connection: read } = await client.getConnection(connection);
  assert.deepEqual(JSON.parse(read.attributes.user), imitation.person('alice'));
  staged.finish();
});

test('apple: who asks for openid learns who the user is', async (t) => {
  const staged = await stage(t, apple, { changes: { scopes: ['openid', 'email'] } });
  const made = await connect(staged);
  assert.equal(made.account.id, 'alice');
  await renewed(staged);
  staged.finish();
});

test('apple: the user ends the use of the account', async (t) => {
  const staged = await stage(t, apple);
  await connect(staged);
  staged.imitation.books.end();
  assert.equal(await ended(staged), 'GRANT_REJECTED');
  staged.finish();
});

test('apple: what was told once is there after a restart', async (t) => {
  const staged = await stage(t, apple);
  await connect(staged);
  await staged.broker.kill();
  await staged.broker.start();
  const { connection: read } = await staged.broker.client.getConnection(connection);
  assert.deepEqual(JSON.parse(read.attributes.user), staged.imitation.person('alice'));
  staged.finish();
});

test('apple: each request has a secret of its own that lives for minutes', async (t) => {
  const staged = await stage(t, apple);
  await connect(staged);
  await renewed(staged);
  await renewed(staged);
  const secrets = staged.imitation.ledger.map(({ params }) => params.client_secret);
  assert.equal(secrets.length, 3);
  assert.equal(new Set(secrets).size, 3);
  for (const secret of secrets) {
    const { iat, exp } = JSON.parse(Buffer.from(secret.split('.')[1], 'base64url'));
    assert.ok(exp - iat <= 600, `${exp - iat} s`);
  }
  staged.finish();
});

test('apple: without name and email no form is needed, and none is refused', async (t) => {
  const staged = await stage(t, apple, { changes: { scopes: [] } });
  const made = await connect(staged);
  assert.equal(made.attributes.user, undefined);
  staged.finish();
});
