// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejects, until } from '../end_to_end/expect.mjs';
import { refused } from './checks.mjs';
import { calendar, lasting } from './days.mjs';
import { lost } from './imitation.mjs';
import * as instagram from './instagram.mjs';
import { connect, connection, good, renewed, stage } from './journey.mjs';

for (const flat of [false, true]) {
  test(`instagram: what a code brings${flat ? ', outside a list,' : ''} is exchanged at once`, async (t) => {
    const staged = await stage(t, instagram, { options: { flat } });
    const { imitation } = staged;
    const made = await connect(staged);
    assert.deepEqual(made.scopesNotGranted, []);
    await lasting(staged);
    const [{ answer }] = imitation.asked('authorization_code');
    const [exchange, ...more] = imitation.asked('ig_exchange_token');
    const { access_token: first } = flat ? answer : answer.data[0];
    assert.equal(exchange.params.access_token, first);
    assert.deepEqual(more, []);
    staged.finish();
  });
}

test('instagram: a token is renewed between its first and its sixtieth day', async (t) => {
  const staged = await stage(t, instagram);
  const { imitation } = staged;
  const pass = calendar(staged);
  await connect(staged);
  const { accessToken: first } = await lasting(staged);

  // Too young, whoever asks, and the provider is not bothered.
  await rejects(staged.client.getAccessToken({ ...connection, rejectedAccessToken: first }), {
    code: 'UNAVAILABLE',
    reason: 'PROVIDER_UNAVAILABLE',
  });
  assert.equal((await good(staged)).accessToken, first);
  assert.equal(imitation.asked('ig_refresh_token').length, 0);

  // A day later a caller is heard.
  await pass(1.1);
  const { accessToken: second } = await renewed(staged);
  assert.equal(imitation.asked('ig_refresh_token').length, 1);

  // And the clock comes by itself.
  await pass(30);
  assert.equal((await good(staged)).accessToken, second);
  await pass(20);
  await until(async () => (await good(staged)).accessToken !== second, 'a renewal');
  assert.equal(imitation.asked('ig_refresh_token').length, 2);

  await pass(61);
  await until(async () => {
    const { connection: shown } = await staged.client.getConnection(connection);
    return shown.state === 'STATE_REAUTHORIZATION_REQUIRED';
  }, 'an end');
  // `finish` looks for the secrets in the log, which all stood in URLs.
  staged.finish();
});

test('instagram: no secret of a URL is logged when the connection breaks', async (t) => {
  const staged = await stage(t, instagram);
  const { imitation, broker } = staged;
  const pass = calendar(staged);
  const subjects = ['alice', 'bob'];
  for (const subject of subjects) await connect(staged, { request: { subject } });
  await until(() => imitation.asked('ig_exchange_token').length === 2, 'two exchanges');
  await pass(2);
  const tokens = new Map();
  for (const subject of subjects) {
    tokens.set(subject, (await good(staged, { subject })).accessToken);
  }
  const fail = (subject) =>
    assert.rejects(
      staged.client.getAccessToken({
        ...connection,
        subject,
        rejectedAccessToken: tokens.get(subject),
      }),
    );
  // Alice's is broken off, Bob's reaches nobody.
  imitation.renew = () => lost;
  await fail('alice');
  await imitation.close();
  await fail('bob');
  const outcomes = broker.events('refresh').map(({ outcome }) => outcome);
  assert.deepEqual(outcomes.slice(-2), ['unknown', 'not_sent']);
  staged.finish();
});

test('instagram: the imitation refuses what Instagram refuses', async (t) => {
  await refused(t, instagram, /code_challenge is not a parameter/, {
    changes: { pkce: 'supported' },
  });
  await refused(t, instagram, /wrong_client/, {
    changes: { token_endpoint_auth_method: 'client_secret_basic' },
  });
});
