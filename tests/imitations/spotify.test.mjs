// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeWallClock } from '../end_to_end/wall_clock.mjs';
import { ended, refused } from './checks.mjs';
import { connect, connection, good, refreshes, renewed, stage } from './journey.mjs';
import * as spotify from './spotify.mjs';

const day = 24 * 3600;
const shown = async ({ client }) => (await client.getConnection(connection)).connection;
const endOf = ({ grantExpireTime }) => grantExpireTime.seconds;

test('spotify: six months after the consent it ends, whatever was refreshed', async (t) => {
  const staged = await stage(t, spotify);
  const { imitation, broker } = staged;
  const made = await connect(staged);
  assert.ok(Math.abs(endOf(made) - made.createTime.seconds - spotify.sixMonths) <= 1);

  await renewed(staged);
  await renewed(staged);
  assert.equal(endOf(await shown(staged)), endOf(made));

  // Half way: the broker starts anew, and what expired is refreshed.
  const setWallClock = takeWallClock(broker);
  await broker.stop();
  setWallClock(91 * day);
  imitation.books.forward(91 * day);
  await broker.start();
  staged.client = broker.client;
  await good(staged);
  assert.equal(endOf(await shown(staged)), endOf(made));

  // Behind the end the provider refuses, and says how.
  imitation.books.forward(92 * day);
  assert.equal(await ended({ client: broker.client }), 'GRANT_REJECTED');
  assert.equal(imitation.ledger.at(-1).answer.error_description, 'Refresh token revoked');
  const presented = imitation.asked('refresh_token').map(({ params }) => params.refresh_token);
  assert.equal(new Set(presented).size, 1);

  // A new consent counts from itself.
  imitation.books.forward(-91 * day);
  const again = await connect(staged);
  assert.ok(endOf(again) > endOf(made) + 90 * day);
  assert.equal(again.state, 'STATE_ACTIVE');
  staged.finish();
});

test('spotify: deleting it asks nobody, for there is no revocation', async (t) => {
  const staged = await stage(t, spotify);
  await connect(staged);
  await renewed(staged);
  await staged.client.deleteConnection(connection);
  assert.equal(staged.imitation.ledger.length, 2);
  assert.equal(refreshes(staged.imitation).length, 1);
  staged.finish();
});

test('spotify: the imitation refuses what Spotify refuses', (t) =>
  refused(t, spotify, /not a parameter/, {
    changes: { token_endpoint_auth_method: 'client_secret_post' },
  }));
