// SPDX-License-Identifier: Apache-2.0
//
// Kakao through the real binary: its codes, its late new refresh token, and the
// text that repeats a secret.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejects, until } from '../end_to_end/expect.mjs';
import { ended } from './checks.mjs';
import { connect, connection, good, journey, leaks, refreshes, renewed, stage } from './journey.mjs';
import * as kakao from './kakao.mjs';

const { rateLimited } = kakao;
const day = 24 * 3600;

journey(kakao);

test('kakao: scopes go with commas and come with spaces', async (t) => {
  const staged = await stage(t, kakao);
  const { authorizationUrl } = await staged.client.startAuthorization({
    ...connection,
    redirectUri: staged.imitation.redirectUri,
  });
  assert.equal(new URL(authorizationUrl).searchParams.get('scope'), 'openid,talk_message');
  const made = await connect(staged);
  assert.deepEqual(made.scopes, ['openid', 'talk_message']);
  assert.deepEqual(made.scopesNotGranted, []);
  assert.equal(made.account.id, 'alice');
  staged.finish();
});

test('kakao: a smaller grant than asked for is shown', async (t) => {
  const staged = await stage(t, kakao);
  const made = await connect(staged, { choices: { scopes: ['openid'] } });
  assert.deepEqual(made.scopesNotGranted, ['talk_message']);
  // A refresh names no scopes: it is as it was.
  await renewed(staged);
  const { connection: later } = await staged.client.getConnection(connection);
  assert.deepEqual(later.scopesNotGranted, ['talk_message']);
  staged.finish();
});

test('kakao: a new refresh token comes in the last month of the old one, and is used from then on', async (t) => {
  const staged = await stage(t, kakao);
  const { imitation } = staged;
  await connect(staged);
  const presented = () => refreshes(imitation).map(({ params }) => params.refresh_token);
  await renewed(staged);
  await renewed(staged);
  assert.equal(new Set(presented()).size, 1);
  imitation.books.forward(31 * day);
  // The third brings the new one; the fourth presents it.
  await renewed(staged);
  await renewed(staged);
  const [, old, last, next] = presented();
  assert.equal(last, old);
  assert.notEqual(next, last);
  // Which is good for two months of its own.
  imitation.books.forward(31 * day);
  await renewed(staged);
  await renewed(staged);
  staged.finish();
});

test('kakao: KOE322 is believed when it is said twice', async (t) => {
  const staged = await stage(t, kakao);
  const { imitation, client, broker } = staged;
  await connect(staged);
  const { accessToken } = await good(staged);
  imitation.books.forward(61 * day);
  const ask = () => client.getAccessToken({ ...connection, rejectedAccessToken: accessToken });
  await rejects(ask(), { code: 'UNAVAILABLE', reason: 'PROVIDER_UNAVAILABLE' });
  assert.equal(await ended(staged), 'GRANT_REJECTED');
  await rejects(ask(), { code: 'FAILED_PRECONDITION', reason: 'REAUTHORIZATION_REQUIRED' });
  assert.equal(imitation.asked('refresh_token').length, 2);
  assert.ok(broker.log.includes('KOE322'), 'the code that the documents explain is in the log');
  assert.equal((await connect(staged)).state, 'STATE_ACTIVE');
  await good(staged);
  staged.finish();
});

for (const status of [400, 429]) {
  test(`kakao: KOE237 with ${status}: the old token serves, and nobody loses the connection`, async (t) => {
    const staged = await stage(t, kakao, { options: { lifeSeconds: 12 } });
    const { imitation, client, broker } = staged;
    const subjects = ['alice', 'bob', 'carol'];
    const first = new Map();
    for (const subject of subjects) {
      await connect(staged, { request: { subject }, choices: { user: subject } });
      first.set(subject, (await good(staged, { subject })).accessToken);
    }
    imitation.next(...subjects.map(() => rateLimited(status)));
    await rejects(
      client.getAccessToken({ ...connection, rejectedAccessToken: first.get('alice') }),
      { code: 'UNAVAILABLE', reason: 'PROVIDER_UNAVAILABLE' },
    );
    assert.equal((await good(staged)).accessToken, first.get('alice'));
    // Somebody asks all the time, and always gets a token that works.
    await until(async () => {
      const tokens = await Promise.all(subjects.map((subject) => good(staged, { subject })));
      return tokens.every(({ generation }) => generation > 1);
    }, 'a refresh of each', 20000);
    for (const subject of subjects) {
      const { connection: seen } = await client.getConnection({ ...connection, subject });
      assert.equal(seen.state, 'STATE_ACTIVE');
    }
    const refused = broker.events('refresh').filter(({ outcome }) => outcome !== 'success');
    assert.equal(refused.length, subjects.length);
    assert.ok(refused.every(({ outcome }) => outcome === 'transient'));
    staged.finish();
  });
}

test('kakao: the text of KOE320 repeats the code, and no log and no caller sees it', async (t) => {
  const staged = await stage(t, kakao);
  const { imitation, client } = staged;
  const { state } = await client.startAuthorization({
    ...connection,
    redirectUri: imitation.redirectUri,
  });
  const code = imitation.books.mint('unknown-');
  const error = await client.completeAuthorization({ state, code }).catch((failure) => failure);
  const [{ answer }] = imitation.asked('authorization_code');
  assert.equal(answer.error_code, 'KOE320');
  assert.ok(answer.error_description.includes(code));
  await rejects(Promise.reject(error), { code: 'FAILED_PRECONDITION', reason: 'CODE_REJECTED' });
  assert.deepEqual(leaks([code], JSON.stringify(error) + error.message), []);
  // It would be found.
  assert.deepEqual(leaks([code], `...code=${code}`), [code]);
  staged.finish();
});

for (const [koe, body, outcome] of [
  ['KOE003', { error: 'server_error', error_code: 'KOE003' }, 'transient'],
  ['KOE319', { error: 'invalid_grant', error_code: 'KOE319' }, 'client_rejected'],
  ['KOE303', { error: 'invalid_grant', error_code: 'KOE303' }, 'client_rejected'],
  ['KOE009', { error: 'misconfigured', error_code: 'KOE009' }, 'client_rejected'],
  ['KOE101', { error: 'invalid_client', error_code: 'KOE101' }, 'client_rejected'],
]) {
  test(`kakao: ${koe} on a refresh is ${outcome} and ends no connection`, async (t) => {
    const staged = await stage(t, kakao);
    await connect(staged);
    const { accessToken } = await good(staged);
    staged.imitation.next({ status: 400, body });
    await staged.client
      .getAccessToken({ ...connection, rejectedAccessToken: accessToken })
      .then(() => assert.fail('a token'), () => {});
    const [event] = staged.broker.events('refresh');
    assert.equal(event.outcome, outcome);
    assert.equal((await good(staged)).accessToken, accessToken);
    const { connection: seen } = await staged.client.getConnection(connection);
    assert.notEqual(seen.state, 'STATE_REAUTHORIZATION_REQUIRED');
    staged.finish();
  });
}

test('kakao: a wrong client secret (KOE010) is our fault and nobody is sent back', async (t) => {
  const staged = await stage(t, kakao, {
    changes: { token_endpoint_auth_method: 'client_secret_basic' },
  });
  await rejects(connect(staged), {
    code: 'FAILED_PRECONDITION',
    reason: 'PROVIDER_MISCONFIGURED',
  });
  const [{ answer }] = staged.imitation.asked('authorization_code');
  assert.equal(answer.error_code, 'KOE010');
  // Here the broker is meant to be wrong.
  assert.deepEqual(staged.imitation.complaints.splice(0), ['wrong_client: an Authorization header']);
  staged.finish();
});
