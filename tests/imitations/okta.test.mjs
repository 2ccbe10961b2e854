// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../end_to_end/expect.mjs';
import { ended, refused } from './checks.mjs';
import { lost } from './imitation.mjs';
import { connect, connection, good, journey, renewed, stage } from './journey.mjs';
import * as okta from './okta.mjs';

// What the block says of an app that rotates.
const rotating = { rotation: 'grace', rotation_grace: '30s' };

const presented = (imitation) =>
  imitation.asked('refresh_token').map(({ params }) => params.refresh_token);
const outcomes = (broker) => broker.events('refresh').map(({ outcome }) => outcome);

journey(okta);

test('okta: a lost answer is made up for within the grace', async (t) => {
  const staged = await stage(t, okta, { options: { lifeSeconds: 4 }, changes: rotating });
  const { imitation, broker } = staged;
  await connect(staged);
  imitation.next(lost);
  await until(() => outcomes(broker).length >= 3, 'three tries');
  assert.deepEqual(outcomes(broker).slice(0, 3), ['unknown', 'success', 'success']);
  const [first, second, third] = presented(imitation);
  assert.equal(second, first);
  assert.notEqual(third, first);
  await good(staged);
  staged.finish();
});

test('okta: behind the grace the old refresh token ends everything', async (t) => {
  // There is none, though the broker was told so: it runs into it.
  const staged = await stage(t, okta, { options: { graceSeconds: 0 }, changes: rotating });
  const { imitation, client } = staged;
  await connect(staged);
  imitation.next(lost);
  await ended(staged);
  const [grant] = imitation.books.grants;
  assert.equal(grant.access.size, 2);
  for (const token of grant.access.keys()) assert.ok(!imitation.books.serves(token));
  assert.match(imitation.complaints.pop(), /spent_refresh_token/);
  const { connection: shown } = await client.getConnection(connection);
  assert.equal(shown.state, 'STATE_REAUTHORIZATION_REQUIRED');
  // The user signs in again, and nothing of that is left.
  assert.equal((await connect(staged)).state, 'STATE_ACTIVE');
  await renewed(staged);
  await renewed(staged);
  staged.finish();
});

test('okta: the imitation refuses what Okta refuses', (t) =>
  refused(t, okta, /not a parameter/, {
    changes: { token_endpoint_auth_method: 'client_secret_post' },
  }));
