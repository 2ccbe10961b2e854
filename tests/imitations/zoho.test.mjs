// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejects, until } from '../end_to_end/expect.mjs';
import { presetOf } from './catalogue.mjs';
import { ended, refused } from './checks.mjs';
import { calendar } from './days.mjs';
import { completion, connect, connection, good, journey, renewed, stage } from './journey.mjs';
import * as zoho from './zoho.mjs';

journey(zoho);

test('zoho: the server that the callback names gives the tokens from then on', async (t) => {
  const staged = await stage(t, zoho);
  const { imitation } = staged;
  const made = await connect(staged);
  assert.ok(Object.values(made.attributes).includes(imitation.base + zoho.here));
  assert.equal(made.attributes.api_domain, 'https://www.zohoapis.eu');
  await renewed(staged);
  assert.ok(imitation.ledger.every(({ path }) => path === `${zoho.here}/oauth/v2/token`));
  staged.finish();
});

test('zoho: a callback that names a stranger is refused, and gets no code', async (t) => {
  const { imitation, client, finish } = await stage(t, zoho);
  const strangers = [
    'https://accounts.zoho.evil.example',
    'http://127.0.0.1:9',
    `${imitation.base}.evil.example`,
  ];
  for (const server of strangers) {
    const { authorizationUrl } = await client.startAuthorization({
      ...connection,
      redirectUri: imitation.redirectUri,
    });
    const callback = imitation.authorize(authorizationUrl);
    await rejects(
      client.completeAuthorization(completion({ ...callback, 'accounts-server': server })),
      { code: 'PERMISSION_DENIED', reason: 'CALLBACK_REJECTED' },
    );
  }
  assert.equal(imitation.ledger.length, 0);
  finish();
});

test('zoho: ten access tokens in ten minutes; the eleventh is refused for now and nothing ends', async (t) => {
  const staged = await stage(t, zoho);
  const { imitation, client } = staged;
  await connect(staged);
  for (let count = 0; count < 10; ++count) await renewed(staged);
  const { accessToken } = await good(staged);
  await rejects(
    client.getAccessToken({ ...connection, rejectedAccessToken: accessToken }),
    { code: 'UNAVAILABLE', reason: 'PROVIDER_UNAVAILABLE' },
  );
  const throttled = imitation.ledger.at(-1);
  assert.equal(throttled.status, 200);
  assert.equal(throttled.answer.error, 'Access Denied');
  // Who has no complaint is served.
  assert.equal((await good(staged)).accessToken, accessToken);
  const { connection: shown } = await client.getConnection(connection);
  assert.equal(shown.state, 'STATE_ACTIVE');
  imitation.books.forward(600);
  await until(() => renewed(staged).catch(() => false), 'a refresh', 20000);
  staged.finish();
});

test('zoho: callers whose tokens are refused again and again do not run into that', async (t) => {
  // As the preset has it: no token younger than a minute is refreshed.
  const staged = await stage(t, zoho, { changes: { refresh: presetOf('zoho').refresh } });
  const { imitation } = staged;
  const pass = calendar(staged);
  await connect(staged);
  const { accessToken } = await good(staged);
  for (let count = 0; count < 20; ++count) {
    await rejects(
      staged.client.getAccessToken({ ...connection, rejectedAccessToken: accessToken }),
      { code: 'UNAVAILABLE', reason: 'PROVIDER_UNAVAILABLE' },
    );
  }
  assert.equal(imitation.asked('refresh_token').length, 0);
  await pass(2 / (24 * 60));
  await renewed(staged);
  staged.finish();
});

test('zoho: invalid_code with status 200 ends it', async (t) => {
  const staged = await stage(t, zoho);
  await connect(staged);
  staged.imitation.books.end();
  assert.equal(await ended(staged), 'GRANT_REJECTED');
  assert.equal(staged.imitation.ledger.at(-1).status, 200);
  staged.finish();
});

test('zoho: the imitation refuses what Zoho refuses', async (t) => {
  await refused(t, zoho, /no access_type/, {
    changes: { extra_authorization_params: { prompt: 'consent' } },
  });
  await refused(t, zoho, /wrong_client/, {
    changes: { token_endpoint_auth_method: 'client_secret_basic' },
  });
});
