// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejects, until } from '../end_to_end/expect.mjs';
import { ended, refusesAnInventedCode } from './checks.mjs';
import { connect, connection, good, journey, remove, stage } from './journey.mjs';
import * as naver from './naver.mjs';

journey(naver);

test('naver: a life that is a text is a life', async (t) => {
  const staged = await stage(t, naver);
  const { expireTime } = await connect(staged);
  const seconds = expireTime.seconds - Date.now() / 1000;
  assert.ok(seconds > 3500 && seconds <= 3600, `${seconds} s`);
  staged.finish();
});

test('naver: a grant ends with a living access token, so it is refreshed first', async (t) => {
  const staged = await stage(t, naver, {
    options: { lifeSeconds: 1 },
    // Nobody else refreshes it.
    changes: { refresh: { mode: 'on_demand' } },
  });
  const { imitation } = staged;
  await connect(staged);
  await until(() => imitation.books.grants[0].access.values().next().value.end < Date.now(), 'its end');
  imitation.lifeSeconds = 60;
  await remove(staged);
  const [deletion] = imitation.asked('delete');
  const [refresh] = imitation.asked('refresh_token');
  assert.equal(deletion.params.access_token, refresh.answer.access_token);
  assert.equal(deletion.params.service_provider, 'NAVER');
  staged.finish();
});

test('naver: an error with status 200 is an error', async (t) => {
  const staged = await stage(t, naver);
  const { imitation } = staged;
  await refusesAnInventedCode(staged);
  assert.equal(imitation.ledger[0].status, 200);
  staged.finish();
});

test('naver: the user ends the link', async (t) => {
  const staged = await stage(t, naver);
  const { imitation } = staged;
  await connect(staged);
  imitation.books.end();
  assert.equal(await ended(staged), 'GRANT_REJECTED');
  assert.equal(imitation.asked('refresh_token').length, 2);
  staged.finish();
});

test('naver: a request of ours that is wrong ends no connection', async (t) => {
  const staged = await stage(t, naver);
  await connect(staged);
  const { accessToken } = await good(staged);
  staged.imitation.next({ body: { error: 'invalid_request', error_description: 'wrong parameter' } });
  await rejects(staged.client.getAccessToken({ ...connection, rejectedAccessToken: accessToken }), {
    code: 'UNAVAILABLE',
    reason: 'PROVIDER_UNAVAILABLE',
  });
  assert.equal((await good(staged)).accessToken, accessToken);
  staged.finish();
});
