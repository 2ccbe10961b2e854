// SPDX-License-Identifier: Apache-2.0
//
// All secrets of this provider stand in URLs, and `finish` looks for each of
// them in whatever the broker wrote.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejects, until } from '../end_to_end/expect.mjs';
import { ended, refused, refusesALateCode } from './checks.mjs';
import { lost } from './imitation.mjs';
import { connect, connection, good, refreshes, renewed, stage } from './journey.mjs';
import * as wechat from './wechat.mjs';

test('wechat: its own names, and one refresh token', async (t) => {
  const staged = await stage(t, wechat);
  const { imitation } = staged;
  const made = await connect(staged);
  assert.ok(Object.values(made.attributes).includes('oLVPpjqs9BhvzwPj5A-vTYAX3GLc'));
  assert.ok(Object.values(made.attributes).includes('o6_bmasdasdsad6_2sgVt7hMZOPfL'));
  await renewed(staged);
  await renewed(staged);
  const presented = refreshes(imitation).map(({ params }) => params.refresh_token);
  assert.equal(presented.length, 2);
  assert.equal(new Set(presented).size, 1);
  // What only the first answer said is kept.
  const { connection: later } = await staged.client.getConnection(connection);
  assert.deepEqual(later.attributes, made.attributes);
  // No revocation.
  await staged.client.deleteConnection(connection);
  assert.equal(imitation.ledger.length, 3);
  staged.finish();
});

test('wechat: the clock refreshes', async (t) => {
  const staged = await stage(t, wechat, { options: { lifeSeconds: 3 } });
  await connect(staged);
  await until(() => refreshes(staged.imitation).length >= 2, 'two refreshes');
  await good(staged);
  staged.finish();
});

test('wechat: an errcode with status 200 ends it', async (t) => {
  const staged = await stage(t, wechat);
  await connect(staged);
  staged.imitation.books.end();
  assert.equal(await ended(staged), 'GRANT_REJECTED');
  assert.match(staged.imitation.ledger.at(-1).answer, /40030/);
  staged.finish();
});

test('wechat: a code that is too old', async (t) => {
  const staged = await stage(t, wechat);
  await refusesALateCode(staged, 301);
  staged.finish();
});

test('wechat: no secret of a URL is logged when the connection breaks', async (t) => {
  const staged = await stage(t, wechat);
  const { imitation, broker, client } = staged;
  // The request with the client's secret.
  imitation.next(lost);
  await assert.rejects(connect(staged));
  await connect(staged);
  // A refresh that is broken off, and one that reaches nobody.
  imitation.refresh_token = () => lost;
  const { accessToken } = await good(staged);
  const ask = () => client.getAccessToken({ ...connection, rejectedAccessToken: accessToken });
  await assert.rejects(ask());
  await imitation.close();
  await until(async () => {
    await ask().catch(() => {});
    return broker.events('refresh').some(({ outcome }) => outcome === 'not_sent');
  }, 'a try that reached nobody');
  assert.equal(broker.events('refresh')[0].outcome, 'unknown');
  staged.finish();
});

test('wechat: the imitation refuses what WeChat refuses', async (t) => {
  await refused(t, wechat, /the fragment is/, {
    changes: { authorization_request: { names: { client_id: 'appid' } } },
  });
  await refused(t, wechat, /no appid/, { changes: { code_request: { method: 'get' } } });
});
