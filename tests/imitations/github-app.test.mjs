// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../end_to_end/expect.mjs';
import { ended, refusesAnInventedCode } from './checks.mjs';
import * as github from './github-app.mjs';
import { lost } from './imitation.mjs';
import { connect, connection, good, journey, refreshes, remove, renewed, stage } from './journey.mjs';

journey(github);

test('github-app: a refresh ends the old pair, the access token too', async (t) => {
  const staged = await stage(t, github);
  const { imitation } = staged;
  await connect(staged);
  const { accessToken: old } = await good(staged);
  const { accessToken } = await renewed(staged);
  assert.ok(!imitation.books.serves(old));
  assert.ok(imitation.books.serves(accessToken));
  await renewed(staged);
  const presented = refreshes(imitation).map(({ params }) => params.refresh_token);
  assert.equal(new Set(presented).size, 2);
  staged.finish();
});

test('github-app: the whole journey with answers in a form', async (t) => {
  const staged = await stage(t, github);
  const { imitation, client } = staged;
  imitation.alwaysForm = true;
  await connect(staged);
  await renewed(staged);
  await renewed(staged);
  const { connection: read } = await client.getConnection(connection);
  const hours = (read.expireTime.seconds - Date.now() / 1000) / 3600;
  assert.ok(hours > 0.9 && hours <= 1, `${hours} hours`);
  // An error in a form is an error.
  await refusesAnInventedCode(staged);
  await remove(staged);
  staged.finish();
});

test('github-app: an app is asked for no scopes, and misses none', async (t) => {
  const staged = await stage(t, github);
  const made = await connect(staged);
  assert.deepEqual(made.scopes, []);
  assert.deepEqual(made.scopesNotGranted, []);
  staged.finish();
});

test('github-app: whom to preselect has a name of its own', async (t) => {
  const staged = await stage(t, github);
  const { authorizationUrl } = await staged.client.startAuthorization({
    ...connection,
    redirectUri: staged.imitation.redirectUri,
    loginHint: 'octocat',
  });
  assert.equal(new URL(authorizationUrl).searchParams.get('login'), 'octocat');
  staged.imitation.authorize(authorizationUrl);
  staged.finish();
});

test('github-app: the user takes the authorization back (an error with status 200)', async (t) => {
  const staged = await stage(t, github);
  await connect(staged);
  staged.imitation.books.end();
  assert.equal(await ended(staged), 'GRANT_REJECTED');
  staged.finish();
});

test('github-app: an answer that is lost costs the pair, and that is said', async (t) => {
  const staged = await stage(t, github, { options: { lifeSeconds: 5 } });
  const { imitation, client } = staged;
  await connect(staged);
  imitation.next(lost);
  await until(async () => {
    await client.getAccessToken(connection).catch(() => {});
    const { connection: seen } = await client.getConnection(connection);
    return seen.reason === 'REASON_ROTATION_LOST';
  }, 'the loss', 20000);
  // Presented again once, when there was nothing left to lose.
  assert.equal(imitation.complaints.length, 1);
  assert.match(imitation.complaints.pop(), /^spent_refresh_token/);
  staged.finish();
});
