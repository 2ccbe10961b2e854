// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../end_to_end/expect.mjs';
import { ended, refused } from './checks.mjs';
import { lost } from './imitation.mjs';
import { connect, connection, good, refreshes, renewed, stage } from './journey.mjs';
import * as microsoft from './microsoft.mjs';

const presented = (imitation) =>
  imitation.asked('refresh_token').map(({ params }) => params.refresh_token);

test('microsoft: each refresh brings a new refresh token, which is used next', async (t) => {
  const staged = await stage(t, microsoft);
  const made = await connect(staged);
  assert.equal(made.account.id, 'alice');
  // It is never listed, and not missed.
  assert.deepEqual(made.scopesNotGranted, []);
  await renewed(staged);
  await renewed(staged);
  await renewed(staged);
  const given = staged.imitation.ledger.map(({ answer }) => answer.refresh_token);
  assert.deepEqual(presented(staged.imitation), given.slice(0, 3));
  // No revocation: the grant lives on.
  await staged.client.deleteConnection(connection);
  assert.equal(staged.imitation.ledger.length, 4);
  staged.finish();
});

test('microsoft: the clock refreshes', async (t) => {
  const staged = await stage(t, microsoft, { options: { lifeSeconds: 3 } });
  await connect(staged);
  await until(() => refreshes(staged.imitation).length >= 2, 'two refreshes');
  await good(staged);
  staged.finish();
});

test('microsoft: after a lost answer the old refresh token is sent again, at once', async (t) => {
  const staged = await stage(t, microsoft, { options: { lifeSeconds: 4 } });
  const { imitation, client, broker } = staged;
  await connect(staged);
  imitation.next(lost);
  await until(() => broker.events('refresh').length >= 2, 'two tries');
  const outcomes = broker.events('refresh').map(({ outcome }) => outcome);
  assert.deepEqual(outcomes.slice(0, 2), ['unknown', 'success']);
  const [first, second] = presented(imitation);
  assert.equal(first, second);
  await good(staged);
  const { connection: shown } = await client.getConnection(connection);
  assert.equal(shown.state, 'STATE_ACTIVE');
  staged.finish();
});

test('microsoft: interaction_required ends the grant, a loop of requests does not', async (t) => {
  const staged = await stage(t, microsoft);
  await connect(staged);
  staged.imitation.next(microsoft.loop);
  await until(() => renewed(staged).catch(() => false), 'a refresh');
  assert.equal(staged.broker.events('refresh')[0].outcome, 'transient');
  assert.equal(staged.broker.events('refresh')[0].provider_error, '50196');
  staged.imitation.next(microsoft.interactionRequired, microsoft.interactionRequired);
  assert.equal(await ended(staged), 'GRANT_REJECTED');
  staged.finish();
});

test('microsoft: an error of several lines does not break the log', async (t) => {
  const staged = await stage(t, microsoft);
  await connect(staged);
  staged.imitation.books.end();
  assert.equal(await ended(staged), 'GRANT_REJECTED');
  const [{ answer }] = staged.imitation.asked('refresh_token');
  assert.match(answer.error_description, /\r\n/);
  const lines = staged.broker.log.trim().split('\n');
  for (const line of lines) assert.doesNotThrow(() => JSON.parse(line), line);
  // The text is not for the log at all.
  assert.ok(!staged.broker.log.includes(answer.trace_id));
  staged.finish();
});

test('microsoft: a certificate in place of a secret', async (t) => {
  const staged = await stage(t, microsoft, {
    options: { certificate: true },
    changes: microsoft.withCertificate,
  });
  await connect(staged);
  await renewed(staged);
  await renewed(staged);
  // Each request with an assertion of its own, and no secret.
  assert.equal(staged.imitation.seenAssertions.size, 3);
  staged.finish();
});

test('microsoft: an assertion by another key is refused', async (t) => {
  const staged = await stage(t, microsoft, {
    options: { certificate: true },
    changes: microsoft.withCertificate,
  });
  await connect(staged);
  // Another certificate was registered since.
  staged.imitation.issued = microsoft.issueCertificate();
  await assert.rejects(renewed(staged), /./);
  assert.match(staged.imitation.complaints.pop(), /x5t#S256/);
  const { connection: shown } = await staged.client.getConnection(connection);
  assert.equal(shown.state, 'STATE_SUSPENDED');
  await good(staged);
  staged.finish();
});

test('microsoft: the imitation refuses what Microsoft refuses', async (t) => {
  await refused(t, microsoft, /the authorization page is not/, {
    changes: { variables: { tenant: 'fabrikam.example' } },
  });
  await refused(t, microsoft, /wrong_client/, {
    changes: { token_endpoint_auth_method: 'client_secret_basic' },
  });
});
