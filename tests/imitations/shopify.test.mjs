// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejects, until } from '../end_to_end/expect.mjs';
import { ended, refused } from './checks.mjs';
import { lost } from './imitation.mjs';
import { completion, connect, connection, good, refreshes, renewed, stage } from './journey.mjs';
import * as shopify from './shopify.mjs';

const { forShop, sign } = shopify;

const presented = (imitation) =>
  imitation.asked('refresh_token').map(({ params }) => params.refresh_token);

// To the callback and not further.
async function calledBack({ imitation, client }) {
  const { authorizationUrl } = await client.startAuthorization({
    ...connection,
    redirectUri: imitation.redirectUri,
    ...forShop.request,
  });
  return imitation.authorize(authorizationUrl);
}

test('shopify: the caller names the shop, whose server it is from then on', async (t) => {
  const staged = await stage(t, shopify);
  const made = await connect(staged, forShop);
  assert.equal(made.attributes.shop, 'acme');
  assert.deepEqual(made.scopes, ['read_orders', 'write_products']);
  await renewed(staged);
  await renewed(staged);
  assert.equal(refreshes(staged.imitation).length, 2);
  staged.finish();
});

test('shopify: no other host can be named', async (t) => {
  const { imitation, client, finish } = await stage(t, shopify);
  const start = { ...connection, redirectUri: imitation.redirectUri };
  const invalid = { code: 'INVALID_ARGUMENT', reason: 'INVALID_FIELD', field: 'variables[shop]' };
  for (const shop of ['evil.example/', 'acme@evil', 'ACME', '-acme', 'acme.myshopify.com', '']) {
    await rejects(client.startAuthorization({ ...start, variables: { shop } }), invalid);
  }
  await rejects(client.startAuthorization(start), invalid);
  finish();
});

test('shopify: a callback that is not signed by Shopify is refused', async (t) => {
  const staged = await stage(t, shopify);
  const { imitation, client } = staged;
  const forgeries = {
    'another hmac': ({ hmac, ...others }) => ({ ...others, hmac: hmac.replace(/./g, '0') }),
    'none': ({ hmac, ...others }) => others,
    'by another secret': ({ hmac, ...others }) => ({ ...others, hmac: sign(others, 'guessed') }),
    'of another code': (callback) => ({ ...callback, code: 'of-another-user' }),
    'of another shop': (callback) => ({ ...callback, shop: 'evil.myshopify.com' }),
    'with more': (callback) => ({ ...callback, more: '1' }),
  };
  for (const [what, forge] of Object.entries(forgeries)) {
    const callback = await calledBack(staged);
    await t.test(what, () =>
      rejects(client.completeAuthorization(completion(forge(callback))), {
        code: 'PERMISSION_DENIED',
        reason: 'CALLBACK_REJECTED',
      }));
  }
  // No code was sent.
  assert.equal(imitation.ledger.length, 0);
  await client.completeAuthorization(completion(await calledBack(staged)));
  await good(staged);
  staged.finish();
});

test('shopify: after a lost answer the stored refresh token brings another pair', async (t) => {
  const staged = await stage(t, shopify, { options: { lifeSeconds: 4 } });
  const { imitation, broker } = staged;
  await connect(staged, forShop);
  imitation.next(lost, lost);
  await until(() => refreshes(imitation).length >= 4, 'refreshes after two lost ones');
  const outcomes = broker.events('refresh').map(({ outcome }) => outcome);
  assert.deepEqual(outcomes.slice(0, 4), ['unknown', 'unknown', 'success', 'success']);
  const [first, second, third, next] = presented(imitation);
  assert.equal(second, first);
  assert.equal(third, first);
  // The one that arrived is the one to go on with: its siblings are over.
  assert.equal(next, imitation.asked('refresh_token')[2].answer.refresh_token);
  await good(staged);
  staged.finish();
});

test('shopify: an answer is lost, and the broker is killed before it tries again', async (t) => {
  const staged = await stage(t, shopify, { options: { lifeSeconds: 4 } });
  const { imitation, broker } = staged;
  await connect(staged, forShop);
  imitation.next(lost);
  await until(() => imitation.asked('refresh_token').length === 1, 'the lost refresh');
  await broker.kill();
  await broker.start();
  staged.client = broker.client;
  await until(() => good(staged).then(({ generation }) => generation >= 2, () => false), 'a new token');
  staged.finish();
});

test('shopify: a refresh token that is over ends the connection', async (t) => {
  const staged = await stage(t, shopify);
  await connect(staged, forShop);
  // The app is uninstalled.
  staged.imitation.books.end();
  assert.equal(await ended(staged), 'GRANT_REJECTED');
  assert.equal((await connect(staged, forShop)).state, 'STATE_ACTIVE');
  await good(staged);
  staged.finish();
});

test('shopify: the imitation refuses what Shopify refuses', async (t) => {
  await refused(t, shopify, /no expiring/, {
    ...forShop,
    changes: { code_request: { params: { x: '1' } } },
  });
  await refused(t, shopify, /code_challenge is not a parameter/, {
    ...forShop,
    changes: { pkce: 'supported' },
  });
  await refused(t, shopify, /wrong_client/, {
    ...forShop,
    changes: { token_endpoint_auth_method: 'client_secret_basic' },
  });
});
