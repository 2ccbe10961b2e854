// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../end_to_end/expect.mjs';
import { ended, refused } from './checks.mjs';
import { calendar, daysFromNow, lasting } from './days.mjs';
import * as facebook from './facebook.mjs';
import { lost } from './imitation.mjs';
import { connect, connection, good, remove, renewed, stage } from './journey.mjs';

const exchanges = (imitation) => imitation.asked('fb_exchange_token');

test('facebook: what a code brings is exchanged at once for a token of 60 days', async (t) => {
  const staged = await stage(t, facebook);
  const { imitation, client } = staged;
  await connect(staged);
  const { accessToken } = await lasting(staged);
  const [code] = imitation.asked('authorization_code');
  const [exchange, ...more] = exchanges(imitation);
  assert.equal(exchange.params.fb_exchange_token, code.answer.access_token);
  assert.equal(exchange.answer.access_token, accessToken);
  assert.deepEqual(more, []);
  const { connection: shown } = await client.getConnection(connection);
  const due = daysFromNow(shown.refreshTime);
  assert.ok(due > 35 && due < 46, `due in ${due} days`);
  staged.finish();
});

test('facebook: the living token is exchanged for the next, and ends the grant with the last', async (t) => {
  const staged = await stage(t, facebook);
  const { imitation } = staged;
  await connect(staged);
  const { accessToken: first } = await lasting(staged);
  const { accessToken: second } = await renewed(staged);
  assert.deepEqual(
    exchanges(imitation).map(({ params }) => params.fb_exchange_token).slice(1),
    [first],
  );
  await remove(staged);
  const { method, headers } = imitation.ledger.at(-1);
  assert.equal(method, 'DELETE');
  assert.equal(headers.authorization, `Bearer ${second}`);
  staged.finish();
});

test('facebook: the clock exchanges it before it ends, and too late is too late', async (t) => {
  const staged = await stage(t, facebook);
  const { imitation } = staged;
  const pass = calendar(staged);
  await connect(staged);
  const { accessToken: first } = await lasting(staged);
  await pass(30);
  assert.equal((await good(staged)).accessToken, first);
  await pass(20);
  const second = await until(async () => {
    const { accessToken } = await good(staged);
    return accessToken !== first && accessToken;
  }, 'an exchange');
  assert.equal(exchanges(imitation).length, 2);

  // Nobody was there for as long as it lives.
  await pass(61);
  assert.ok(!imitation.books.serves(second));
  await until(async () => {
    const { connection: shown } = await staged.client.getConnection(connection);
    return shown.state === 'STATE_REAUTHORIZATION_REQUIRED';
  }, 'an end');
  assert.equal((await connect(staged)).state, 'STATE_ACTIVE');
  await good(staged);
  staged.finish();
});

test('facebook: an exchange whose answer is lost is made again with the same token', async (t) => {
  const staged = await stage(t, facebook);
  const { imitation } = staged;
  await connect(staged);
  const { accessToken: first } = await lasting(staged);
  imitation.next(lost);
  await until(() => renewed(staged).catch(() => false), 'another token');
  const presented = exchanges(imitation).map(({ params }) => params.fb_exchange_token);
  assert.deepEqual(presented.slice(1, 3), [first, first]);
  staged.finish();
});

test('facebook: a user who removes the app', async (t) => {
  const staged = await stage(t, facebook);
  await connect(staged);
  await lasting(staged);
  staged.imitation.books.end();
  assert.equal(await ended(staged), 'GRANT_REJECTED');
  staged.finish();
});

test('facebook: the imitation refuses what Facebook refuses', async (t) => {
  await refused(t, facebook, /wrong_client/, {
    changes: { token_endpoint_auth_method: 'client_secret_basic' },
  });
  await refused(t, facebook, /the authorization page is not/, {
    changes: { variables: { api_version: 'v1.0' } },
  });
});
