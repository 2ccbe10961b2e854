// SPDX-License-Identifier: Apache-2.0
//
// Google through the real binary: everything that its documents promise and
// threaten.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejects, until } from '../end_to_end/expect.mjs';
import { ended, refusesAnInventedCode } from './checks.mjs';
import * as google from './google.mjs';
import { connect, connection, good, journey, refreshes, renewed, stage } from './journey.mjs';

const { calendar, rateLimited } = google;

journey(google);

test('google: offline access and consent are asked for, so that a refresh token comes each time', async (t) => {
  const staged = await stage(t, google);
  for (const round of [1, 2]) {
    await connect(staged);
    const [code] = staged.imitation.asked('authorization_code').slice(-1);
    assert.ok(code.answer.refresh_token, `round ${round}`);
  }
  staged.finish();
});

test('google: without offline access the connection says that the user must return', async (t) => {
  const staged = await stage(t, google, {
    options: { lifeSeconds: 2 },
    changes: { extra_authorization_params: { prompt: 'consent' } },
  });
  await connect(staged);
  const error = await until(
    () => staged.client.getAccessToken(connection).then(() => false, (failure) => failure),
    'the end of the only access token',
  );
  await rejects(Promise.reject(error), {
    code: 'FAILED_PRECONDITION',
    reason: 'REAUTHORIZATION_REQUIRED',
  });
  staged.finish();
});

test('google: who the user is, and what was granted by its own names', async (t) => {
  const staged = await stage(t, google);
  const made = await connect(staged);
  assert.deepEqual(made.account, { id: 'alice', email: 'alice@example.com' });
  assert.deepEqual(made.scopesNotGranted, []);
  staged.finish();
});

test('google: a smaller grant than asked for is shown', async (t) => {
  const staged = await stage(t, google);
  const made = await connect(staged, { choices: { scopes: ['openid', 'email'] } });
  assert.equal(made.state, 'STATE_ACTIVE');
  assert.deepEqual(made.scopesNotGranted, [calendar]);
  assert.ok(!made.scopes.includes(calendar));
  // A refresh that says the same changes nothing of that.
  await renewed(staged);
  const { connection: later } = await staged.client.getConnection(connection);
  assert.deepEqual(later.scopesNotGranted, [calendar]);
  // The user thinks better of it.
  assert.deepEqual((await connect(staged)).scopesNotGranted, []);
  staged.finish();
});

test('google: the refresh token stays, and is presented again and again', async (t) => {
  const staged = await stage(t, google);
  await connect(staged);
  for (let round = 0; round < 5; ++round) await renewed(staged);
  const presented = refreshes(staged.imitation).map(({ params }) => params.refresh_token);
  assert.equal(presented.length, 5);
  assert.equal(new Set(presented).size, 1);
  staged.finish();
});

test('google: a dead grant is believed when it is said twice', async (t) => {
  const staged = await stage(t, google);
  const { imitation, client, broker } = staged;
  await connect(staged);
  const { accessToken } = await good(staged);
  imitation.books.end();
  const ask = () => client.getAccessToken({ ...connection, rejectedAccessToken: accessToken });
  await rejects(ask(), { code: 'UNAVAILABLE', reason: 'PROVIDER_UNAVAILABLE' });
  const { connection: doubted } = await client.getConnection(connection);
  assert.equal(doubted.state, 'STATE_ACTIVE');
  assert.equal(await ended(staged), 'GRANT_REJECTED');
  await rejects(ask(), { code: 'FAILED_PRECONDITION', reason: 'REAUTHORIZATION_REQUIRED' });
  const { connection: over } = await client.getConnection(connection);
  assert.equal(over.state, 'STATE_REAUTHORIZATION_REQUIRED');
  assert.equal(over.reason, 'REASON_GRANT_REJECTED');
  assert.equal(imitation.asked('refresh_token').length, 2);
  assert.ok(broker.events('refresh').every(({ outcome }) => outcome === 'grant_dead'));
  // The user comes back.
  assert.equal((await connect(staged)).state, 'STATE_ACTIVE');
  await good(staged);
  staged.finish();
});

test('google: 429 with Retry-After: the old token serves, nobody is asked before its time, nothing is lost', async (t) => {
  // Due soon, and with life enough left to sit the pause out.
  const staged = await stage(t, google, { options: { lifeSeconds: 12 } });
  const { imitation, client } = staged;
  const subjects = ['alice', 'bob', 'carol'];
  for (const subject of subjects) await connect(staged, { request: { subject } });
  const first = new Map();
  for (const subject of subjects) {
    first.set(subject, (await good(staged, { subject })).accessToken);
  }
  imitation.next(rateLimited(2));
  const { accessToken: rejectedAccessToken } = await good(staged);
  await rejects(client.getAccessToken({ ...connection, rejectedAccessToken }), {
    code: 'UNAVAILABLE',
    reason: 'PROVIDER_UNAVAILABLE',
  });
  for (const subject of subjects) {
    assert.equal((await good(staged, { subject })).accessToken, first.get(subject));
  }
  await until(
    () => subjects.every((subject) => broughtOn(staged, subject)),
    'a refresh of each',
    20000,
  );
  const [limited, next] = imitation.asked('refresh_token');
  assert.equal(limited.status, 429);
  assert.ok(next.time - limited.time >= 2000, `again after ${next.time - limited.time} ms`);
  for (const subject of subjects) {
    const { connection: seen } = await client.getConnection({ ...connection, subject });
    assert.equal(seen.state, 'STATE_ACTIVE');
    assert.notEqual((await good(staged, { subject })).accessToken, first.get(subject));
  }
  staged.finish();
});

// Whether the broker logged a refresh of `subject` that went well.
function broughtOn({ broker }, subject) {
  return broker
    .events('refresh')
    .some((event) => event.subject === subject && event.outcome === 'success');
}

test('google: a code that nobody issued', async (t) => {
  const staged = await stage(t, google);
  await refusesAnInventedCode(staged);
  staged.finish();
});

for (const [error, status] of [
  ['invalid_client', 401],
  ['deleted_client', 400],
  ['disabled_client', 401],
]) {
  test(`google: ${error} suspends the provider and ends no connection`, async (t) => {
    const staged = await stage(t, google);
    await connect(staged);
    const { accessToken } = await good(staged);
    staged.imitation.next({ status, body: { error } });
    await rejects(
      staged.client.getAccessToken({ ...connection, rejectedAccessToken: accessToken }),
      { code: 'FAILED_PRECONDITION', reason: 'PROVIDER_MISCONFIGURED' },
    );
    const { connection: seen } = await staged.client.getConnection(connection);
    assert.equal(seen.state, 'STATE_SUSPENDED');
    assert.equal((await good(staged)).accessToken, accessToken);
    staged.finish();
  });
}

test('google: access given for a time has its end on the connection', async (t) => {
  const staged = await stage(t, google);
  const { imitation } = staged;
  const { authorization_code: redeem } = google.Family.prototype;
  imitation.authorization_code = (params) => {
    const { body } = redeem.call(imitation, params);
    return { body: { ...body, refresh_token_expires_in: 604799 } };
  };
  const made = await connect(staged);
  const days = (made.grantExpireTime.seconds - Date.now() / 1000) / 86400;
  assert.ok(days > 6.9 && days <= 7, `${days} days`);
  staged.finish();
});

test('google: what is deleted but was revoked before is gone all the same', async (t) => {
  const staged = await stage(t, google);
  await connect(staged);
  staged.imitation.books.end();
  await staged.client.deleteConnection(connection);
  await rejects(staged.client.getConnection(connection), {
    code: 'NOT_FOUND',
    reason: 'CONNECTION_NOT_FOUND',
  });
  const revocation = staged.imitation.ledger.at(-1);
  assert.equal(revocation.path, '/revoke');
  assert.equal(revocation.status, 400);
  staged.finish();
});
