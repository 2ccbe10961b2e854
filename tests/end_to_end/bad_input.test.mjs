// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import grpc from '@grpc/grpc-js';
import { clients, consent, redirectUri, startProvider } from '../provider/provider.mjs';
import { Broker } from './broker.mjs';
import { alice, authorize, rejects } from './expect.mjs';

const invalid = (field) => ({
  code: 'INVALID_ARGUMENT',
  reason: 'INVALID_FIELD',
  field,
});

describe('bad input gets its documented answer, quickly', () => {
  let provider;
  let client;
  const cleanups = [];

  before(async () => {
    provider = await startProvider({ accessTokenTtl: 600 });
    const broker = new Broker({ after: (f) => cleanups.push(f) });
    broker.configure({ providers: [broker.oidc(provider, clients.basic)] });
    await broker.start();
    client = broker.client;
    await authorize(client);
  });
  after(async () => {
    for (const cleanup of cleanups) await cleanup();
    await provider.close();
  });

  const start = (changes) =>
    client.startAuthorization({ ...alice, redirectUri, ...changes });

  for (const uri of [
    `${redirectUri}/`,
    redirectUri.replace('callback', 'Callback'),
    redirectUri.replace(':9/', ':10/'),
    redirectUri.replace('http://', 'http://user@'),
    `${redirectUri}#fragment`,
    `${redirectUri}?x=1`,
    `${redirectUri}\r\nLocation: http://evil.test`,
    'javascript:alert(1)',
    '',
    `http://127.0.0.1:9/${'x'.repeat(3000)}`,
  ]) {
    test(`redirect URI ${JSON.stringify(uri.slice(0, 60))}`, () =>
      rejects(start({ redirectUri: uri }), invalid('redirect_uri')));
  }

  for (const name of [
    'state', 'redirect_uri', 'response_type', 'client_id', 'scope', 'nonce',
    'code_challenge', 'code_challenge_method', 'request', 'request_uri',
    'STATE', 'Redirect_Uri',
  ]) {
    test(`extra parameter ${name}`, () =>
      rejects(
        start({ extraParams: { [name]: 'x' } }),
        invalid(`extra_params[${name}]`),
      ));
  }

  test('an unknown provider, for a caller who may use all', () =>
    rejects(start({ provider: 'gogle' }), {
      code: 'NOT_FOUND',
      reason: 'PROVIDER_NOT_FOUND',
    }));
  test('a provider name that is none', () =>
    rejects(start({ provider: '../etc' }), invalid('provider')));
  test('an empty subject', () =>
    rejects(start({ subject: '' }), invalid('subject')));
  test('a subject of 513 bytes', () =>
    rejects(start({ subject: 'x'.repeat(513) }), invalid('subject')));
  test('a subject of 512 bytes is fine', () => start({ subject: 'x'.repeat(512) }));
  test('a subject with a line break', () =>
    rejects(start({ subject: 'a\nb' }), invalid('subject')));
  test('a scope with a space', () =>
    rejects(start({ scopes: ['openid', 'a b'] }), invalid('scopes[1]')));
  test('101 scopes', () =>
    rejects(start({ scopes: Array(101).fill('a') }), invalid('scopes')));

  const complete = (changes) =>
    client.completeAuthorization({ state: 's', code: 'c', ...changes });
  const notFound = { code: 'NOT_FOUND', reason: 'AUTHORIZATION_NOT_FOUND' };

  test('an empty state', () => rejects(complete({ state: '' }), invalid('state')));
  test('an oversized state', () =>
    rejects(complete({ state: 'x'.repeat(513) }), invalid('state')));
  test('an empty code', () => rejects(complete({ code: '' }), invalid('code')));
  test('an oversized code', () =>
    rejects(complete({ code: 'x'.repeat(4097) }), invalid('code')));
  test('a code with a line break', () =>
    rejects(complete({ code: 'a\nb' }), invalid('code')));
  test('a forged state', () => rejects(complete({ state: 'A'.repeat(43) }), notFound));

  test('a reused state, and the connection stays', async () => {
    const { callback } = await authorize(client, { subject: 'twice' });
    await rejects(client.completeAuthorization(callback), notFound);
    await client.getAccessToken({ provider: 'corp', subject: 'twice' });
  });

  const callbackFor = async (changes = {}) => {
    const { authorizationUrl } = await start({ subject: 'carol', ...changes });
    return consent(authorizationUrl);
  };
  const mismatch = { code: 'PERMISSION_DENIED', reason: 'ISSUER_MISMATCH' };

  test('a wrong iss', async () => {
    const callback = await callbackFor();
    await rejects(complete({ ...callback, iss: 'https://evil.test' }), mismatch);
    await rejects(complete(callback), notFound);
  });
  test('an iss with a trailing slash', async () => {
    const callback = await callbackFor();
    await rejects(complete({ ...callback, iss: `${callback.iss}/` }), mismatch);
  });
  test('no iss although the provider announces it', async () => {
    const callback = await callbackFor();
    await rejects(complete({ ...callback, iss: '' }), mismatch);
  });
  test('a code that is not the one issued', async () => {
    const callback = await callbackFor();
    await rejects(complete({ ...callback, code: 'forged' }), {
      code: 'FAILED_PRECONDITION',
      reason: 'CODE_REJECTED',
    });
  });
  test('the code of another flow', async () => {
    const [mine, other] = [await callbackFor(), await callbackFor()];
    await rejects(complete({ ...mine, code: other.code }), {
      code: 'FAILED_PRECONDITION',
      reason: 'CODE_REJECTED',
    });
  });
  test('a user who says no', async () => {
    const callback = await callbackFor({ loginHint: 'deny' });
    assert.equal(callback.error, 'access_denied');
    const info = await rejects(client.completeAuthorization(callback), {
      code: 'FAILED_PRECONDITION',
      reason: 'AUTHORIZATION_DENIED',
    });
    assert.equal(info.metadata.provider_error, 'access_denied');
  });
  test('a hostile error_description is repeated nowhere', async () => {
    const { state } = await start({ subject: 'dave' });
    const call = complete({
      state,
      code: '',
      error: '<script>',
      iss: provider.issuer,
      error_description: 'hostile-text',
      errorDescription: 'hostile-text',
    });
    const error = await call.catch((failure) => failure);
    assert.ok(!JSON.stringify([error.message, error.metadata]).includes('hostile'));
    assert.ok(!error.message.includes('<script>'));
  });

  const get = (changes) => client.getAccessToken({ ...alice, ...changes });

  test('an unknown subject', () =>
    rejects(get({ subject: 'nobody' }), {
      code: 'NOT_FOUND',
      reason: 'CONNECTION_NOT_FOUND',
    }));
  test('a negative min_ttl', () =>
    rejects(get({ minTtl: { seconds: -1 } }), invalid('min_ttl')));
  test('a min_ttl that is no duration', () =>
    rejects(get({ minTtl: { nanos: 2000000000 } }), invalid('min_ttl')));
  test('an oversized rejected token', () =>
    rejects(
      get({ rejectedAccessToken: 'x'.repeat(16385) }),
      invalid('rejected_access_token'),
    ));
  test('a negative page size', () =>
    rejects(client.listConnections({ pageSize: -1 }), invalid('page_size')));
  test('a forged page token', () =>
    rejects(client.listConnections({ pageToken: 'AAAA' }), invalid('page_token')));
  test('two bad fields at once are both named', async () => {
    const error = await get({ provider: 'A', subject: '' }).catch((e) => e);
    assert.match(error.message, /provider.*subject/);
  });

  const raw = (bytes) =>
    new Promise((resolve) => {
      client.stub.makeUnaryRequest(
        '/tokenbroker.v1.TokenBrokerService/GetAccessToken',
        () => bytes,
        (answer) => answer,
        {},
        new grpc.Metadata(),
        {},
        (error) => resolve(error),
      );
    });

  for (const [name, bytes] of [
    ['invalid UTF-8 in a string', Buffer.from([0x0a, 0x02, 0xc3, 0x28])],
    ['a truncated message', Buffer.from([0x0a, 0x7f, 0x41])],
    ['a message of a megabyte', Buffer.alloc(1 << 20, 0x41)],
  ]) {
    test(`${name} is refused and the broker serves on`, async () => {
      assert.ok(await raw(bytes));
      await get({});
    });
  }
});
