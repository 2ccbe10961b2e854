// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redirectUri } from '../provider/provider.mjs';
import { answers, startMisbehaving } from '../provider/misbehaving.mjs';
import { Broker } from './broker.mjs';
import { alice, rejects } from './expect.mjs';

const { json, html, redirect, huge, gzip, never, reset } = answers;

async function world(t, changes = {}) {
  const provider = await startMisbehaving();
  t.after(() => provider.close());
  const broker = new Broker(t);
  broker.configure({
    providers: [
      {
        name: 'corp',
        client_id: 'broker',
        client_secret_file: broker.file('client_secret', 'client-secret'),
        redirect_uris: [redirectUri],
        scopes: ['calendar'],
        authorization_endpoint: `${provider.origin}/authorize`,
        token_endpoint: `${provider.origin}/token`,
        allow_loopback: true,
        request_timeout: '2s',
        rotation: 'never',
        ...changes,
      },
    ],
  });
  await broker.start();
  const { client } = broker;
  const authorize = async () => {
    const { state } = await client.startAuthorization({ ...alice, redirectUri });
    return client.completeAuthorization({ state, code: 'the-code' });
  };
  return { provider, client, authorize, broker };
}

const unavailable = { code: 'UNAVAILABLE', reason: 'PROVIDER_UNAVAILABLE' };
const unusable = { code: 'INTERNAL', reason: 'PROVIDER_RESPONSE_INVALID' };
const rejected = { code: 'FAILED_PRECONDITION', reason: 'CODE_REJECTED' };
const misconfigured = {
  code: 'FAILED_PRECONDITION',
  reason: 'PROVIDER_MISCONFIGURED',
};

// What the provider does, and what it means for a code. For a refresh every one
// of them means: the connection stays.
const misdeeds = [
  ['an HTML page with 200', html(200), unusable],
  ['an HTML page with 502', html(502), unavailable],
  ['500', json(500, { error: 'server_error' }), unavailable],
  ['503', json(503, {}), unavailable],
  ['429 with Retry-After', json(429, {}, { 'retry-after': '1' }), unavailable],
  ['a redirect', redirect('http://127.0.0.1:1/elsewhere'), unavailable],
  ['10 MB', huge(10 << 20), unavailable],
  ['gzip that nobody asked for', gzip({ 'content-encoding': 'gzip' }), unusable],
  ['malformed JSON', json(200, '{"access_token":'), unusable],
  ['a JSON list', json(200, '[1,2]'), unusable],
  ['no access token', json(200, { token_type: 'Bearer' }), unusable],
  ['an access token that is a number', json(200, { access_token: 7 }), unusable],
  ['an access token with a line break', json(200, { access_token: 'a\nb' }), unusable],
  ['200 with an error', json(200, { error: 'invalid_request' }), unavailable],
  ['invalid_request', json(400, { error: 'invalid_request' }), rejected],
  ['invalid_client', json(401, { error: 'invalid_client' }), misconfigured],
  ['no answer at all', never(), unavailable],
  ['a reset', reset(), unavailable],
];

test('a code meets each misdeed: the documented answer, and the code is sent once', async (t) => {
  for (const [name, answer, expected] of misdeeds) {
    await t.test(name, async (t) => {
      const { provider, authorize } = await world(t);
      provider.next(answer);
      await rejects(authorize(), { ...expected, within: 5000 });
      assert.equal(provider.requests.length, 1);
      await authorize();
    });
  }
});

test('a refresh meets each misdeed: the old token serves, the connection stays', async (t) => {
  for (const [name, answer] of misdeeds) {
    await t.test(name, async (t) => {
      const { provider, client, authorize } = await world(t);
      await authorize();
      const { accessToken } = await client.getAccessToken(alice);
      provider.next(answer);
      await client
        .getAccessToken({ ...alice, rejectedAccessToken: accessToken }, 5)
        .then(() => assert.fail('a rejected token was served'), () => {});
      assert.equal(provider.requests.at(-1).params.grant_type, 'refresh_token');
      const { connection } = await client.getConnection(alice);
      assert.notEqual(connection.state, 'STATE_REAUTHORIZATION_REQUIRED');
      assert.equal(
        (await client.getAccessToken(alice)).accessToken,
        accessToken,
      );
    });
  }
});

test('odd lives of a token never lose it', async (t) => {
  for (const [name, life, known] of [
    ['missing', undefined, false],
    ['a string', '3600', true],
    ['zero', 0, false],
    ['negative', -5, false],
    ['1e18', 1e18, true],
    ['a word', 'soon', false],
    ['null', null, false],
    ['a list', [3600], false],
  ]) {
    await t.test(`expires_in ${name}`, async (t) => {
      const { provider, client, authorize } = await world(t);
      provider.next(json(200, { access_token: 'odd', expires_in: life }));
      const { connection } = await authorize();
      assert.equal(Boolean(connection.expireTime), known);
      assert.equal((await client.getAccessToken(alice)).accessToken, 'odd');
    });
  }
});

test('a provider that is down is reported at once', async (t) => {
  const { provider, authorize } = await world(t);
  await provider.close();
  await rejects(authorize(), unavailable);
});

test('metadata out of reach is reported at once, and asked for again later', async (t) => {
  const broker = new Broker(t);
  broker.configure({
    providers: [
      {
        name: 'corp',
        issuer: 'http://127.0.0.1:1',
        client_id: 'broker',
        client_secret_file: broker.file('client_secret', 'x'),
        redirect_uris: [redirectUri],
        allow_loopback: true,
      },
    ],
  });
  await broker.start();
  await rejects(
    broker.client.startAuthorization({ ...alice, redirectUri }),
    unavailable,
  );
});

test('a loopback address is not dialled without allow_loopback', async (t) => {
  const { provider, broker } = await world(t);
  await broker.stop();
  broker.configure({
    providers: [
      {
        name: 'corp',
        client_id: 'broker',
        client_secret_file: broker.file('client_secret', 'x'),
        redirect_uris: [redirectUri],
        authorization_endpoint: 'https://localhost/authorize',
        token_endpoint: `${provider.origin.replace('http:', 'https:')}/token`,
      },
    ],
  });
  await broker.start();
  const { state } = await broker.client.startAuthorization({
    ...alice,
    redirectUri,
  });
  await rejects(
    broker.client.completeAuthorization({ state, code: 'c' }),
    unavailable,
  );
  assert.equal(provider.requests.length, 0);
});
