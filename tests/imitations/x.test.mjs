// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejects, until } from '../end_to_end/expect.mjs';
import { ended, refused, refusesALateCode } from './checks.mjs';
import { connect, connection, good, journey, renewed, stage } from './journey.mjs';
import * as x from './x.mjs';

journey(x);

test('x: a dead grant is told from other invalid requests by its text', async (t) => {
  const staged = await stage(t, x);
  await connect(staged);
  const { accessToken } = await good(staged);
  staged.imitation.next(x.missingParameter);
  await rejects(
    staged.client.getAccessToken({ ...connection, rejectedAccessToken: accessToken }),
    { code: 'UNAVAILABLE', reason: 'PROVIDER_UNAVAILABLE' },
  );
  await until(() => renewed(staged).catch(() => false), 'a refresh');
  staged.imitation.books.end();
  assert.equal(await ended(staged), 'GRANT_REJECTED');
  await connect(staged);
  await good(staged);
  staged.finish();
});

test('x: a code that is too old', async (t) => {
  const staged = await stage(t, x);
  await refusesALateCode(staged, 301);
  staged.finish();
});

test('x: without offline.access there is no refresh token', async (t) => {
  const staged = await stage(t, x);
  const made = await connect(staged, { request: { scopes: ['tweet.read'] } });
  assert.equal(made.refreshTime, null);
  const { accessToken } = await good(staged);
  await rejects(
    staged.client.getAccessToken({ ...connection, rejectedAccessToken: accessToken }),
    { code: 'FAILED_PRECONDITION', reason: 'REAUTHORIZATION_REQUIRED' },
  );
  staged.finish();
});

test('x: the imitation refuses what X refuses', async (t) => {
  await refused(t, x, /no code_challenge/, { changes: { pkce: 'unsupported' } });
  await refused(t, x, /wrong_client|not a parameter/, {
    changes: { token_endpoint_auth_method: 'client_secret_post' },
  });
});
