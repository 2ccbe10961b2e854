// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ended, refused } from './checks.mjs';
import { connect, good, journey, refreshes, renewed, stage } from './journey.mjs';
import * as notion from './notion.mjs';

journey(notion, { byClock: false });

test('notion: nothing but a caller whose token was refused gets it refreshed', async (t) => {
  const staged = await stage(t, notion);
  const { imitation } = staged;
  const made = await connect(staged);
  assert.equal(made.expireTime, null);
  const { owner, ...others } = made.attributes;
  assert.deepEqual(others, { bot_id: 'b1', workspace_id: 'w1', workspace_name: 'Acme' });
  assert.deepEqual(JSON.parse(owner), { type: 'user', user: { object: 'user', id: 'u1' } });

  const first = await good(staged);
  assert.equal(first.expireTime, null);
  await good(staged, { minTtl: { seconds: 30 * 24 * 3600 } });
  assert.equal(refreshes(imitation).length, 0);

  // The token stops working, which no clock could foretell.
  imitation.books.grants[0].access.clear();
  const second = await renewed(staged);
  assert.equal(second.expireTime, null);
  await renewed(staged);
  assert.equal(refreshes(imitation).length, 2);

  // Each refresh token once.
  const presented = imitation.asked('refresh_token').map(({ params }) => params.refresh_token);
  assert.equal(new Set(presented).size, 2);

  // A caller late with an old token gets the current one and costs no refresh.
  await good(staged, { rejectedAccessToken: first.accessToken });
  assert.equal(refreshes(imitation).length, 2);
  staged.finish();
});

test('notion: the user removes the connection', async (t) => {
  const staged = await stage(t, notion);
  await connect(staged);
  staged.imitation.books.end();
  assert.equal(await ended(staged), 'GRANT_REJECTED');
  staged.finish();
});

test('notion: the imitation refuses what Notion refuses', async (t) => {
  await refused(t, notion, /missing_version/, { changes: { request_headers: { A: 'b' } } });
  await refused(t, notion, /Content-Type/, { changes: { code_request: { encoding: 'form' } } });
  await refused(t, notion, /owner/, { changes: { extra_authorization_params: { owner: 'me' } } });
});
