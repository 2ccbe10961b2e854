// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import grpc from '@grpc/grpc-js';
import { clients, consent, redirectUri, startProvider } from '../provider/provider.mjs';
import { Authority } from './authority.mjs';
import { Broker, binary, connect } from './broker.mjs';
import { alice, authorize, rejects } from './expect.mjs';

const all = ['AUTHORIZE', 'GET_TOKEN', 'READ', 'DELETE'];
const spiffe = (name) => `spiffe://example.test/ns/shop/sa/${name}`;

describe('mutual TLS and access rules', () => {
  let folder;
  let ours;
  let provider;
  let broker;
  const cleanups = [];
  const callers = {};
  const stems = {};

  const callerWith = (stem) =>
    connect(
      broker.address,
      grpc.credentials.createSsl(
        readFileSync(ours.path('ours.crt')),
        stem && readFileSync(`${stem}.key`),
        stem && readFileSync(`${stem}.crt`),
      ),
    );

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'token-broker-tls-'));
    ours = new Authority(folder, 'ours');
    const theirs = new Authority(folder, 'theirs');
    const server = ours.issue('server', 'DNS:localhost,IP:127.0.0.1');
    stems.calendar = ours.issue('calendar', `URI:${spiffe('calendar')}`);
    stems.web = ours.issue('web', 'DNS:web.example.test');
    stems.stranger = ours.issue('stranger', `URI:${spiffe('stranger')}`);
    stems.nameless = ours.issue('nameless', '');
    stems.anonymous = ours.issue('anonymous', 'DNS:anonymous');
    stems.foreign = theirs.issue('foreign', `URI:${spiffe('calendar')}`);
    provider = await startProvider({ accessTokenTtl: 600 });
    broker = new Broker({ after: (f) => cleanups.push(f) });
    broker.configure({
      grpc: {
        address: '127.0.0.1:0',
        tls: {
          certificate_file: `${server}.crt`,
          private_key_file: `${server}.key`,
          client_ca_file: ours.path('ours.crt'),
        },
      },
      providers: [broker.oidc(provider, clients.basic)],
      access: [
        { callers: [spiffe('calendar')], providers: ['corp'], permissions: all },
        { callers: ['web.example.test'], providers: ['corp'], permissions: ['AUTHORIZE'] },
      ],
    });
    await broker.start();
    for (const [name, stem] of Object.entries(stems)) {
      callers[name] = callerWith(stem);
    }
  });
  after(async () => {
    for (const client of Object.values(callers)) client.close();
    for (const cleanup of cleanups) await cleanup();
    await provider.close();
    rmSync(folder, { recursive: true });
  });

  const denied = { code: 'PERMISSION_DENIED', reason: 'CALLER_NOT_ALLOWED' };

  test('a caller with a SPIFFE ID and a rule does the main job', async () => {
    await authorize(callers.calendar);
    assert.ok((await callers.calendar.getAccessToken(alice)).accessToken);
  });

  test('our own command calls with a certificate', () => {
    const answer = execFileSync(binary, [
      'call', 'ListProviders', '--address', broker.address,
      '--ca', ours.path('ours.crt'), '--certificate', `${stems.calendar}.crt`,
      '--key', `${stems.calendar}.key`,
    ]);
    assert.equal(JSON.parse(answer).providers[0].name, 'corp');
  });

  test('a call without a client certificate is refused', async () => {
    const client = callerWith(undefined);
    const error = await client.listProviders({}, 3).catch((e) => e);
    client.close();
    assert.equal(error.code, grpc.status.UNAVAILABLE);
  });

  test('a certificate of another authority is refused', async () => {
    const error = await callers.foreign.listProviders({}, 3).catch((e) => e);
    assert.equal(error.code, grpc.status.UNAVAILABLE);
  });

  test('a plaintext call is refused', async () => {
    const client = connect(broker.address);
    const error = await client.listProviders({}, 3).catch((e) => e);
    client.close();
    assert.equal(error.code, grpc.status.UNAVAILABLE);
  });

  for (const name of ['nameless', 'anonymous']) {
    test(`a certificate of ours that is ${name} is nobody`, () =>
      rejects(callers[name].getAccessToken(alice), {
        code: 'UNAUTHENTICATED',
        reason: 'CALLER_UNAUTHENTICATED',
      }));
  }

  test('a caller without a rule is denied every call, and sees no provider', async () => {
    const { stranger } = callers;
    await rejects(stranger.startAuthorization({ ...alice, redirectUri }), denied);
    await rejects(stranger.completeAuthorization({ state: 's', code: 'c' }), denied);
    await rejects(stranger.getAccessToken(alice), denied);
    await rejects(stranger.getConnection(alice), denied);
    await rejects(stranger.listConnections({}), denied);
    await rejects(stranger.deleteConnection(alice), denied);
    assert.deepEqual((await stranger.listProviders()).providers, []);
  });

  test('denial comes before validation and does not tell whether a name exists', async () => {
    const { stranger } = callers;
    await rejects(stranger.getAccessToken({ provider: 'no-such', subject: '' }), denied);
  });

  test('permissions are separate', async () => {
    const { web } = callers;
    await web.startAuthorization({ ...alice, redirectUri });
    await rejects(web.getAccessToken(alice), denied);
    await rejects(web.getConnection(alice), denied);
    await rejects(web.deleteConnection(alice), denied);
  });

  test("a caller cannot complete, but spends, another caller's authorization", async () => {
    const { calendar, web } = callers;
    const { authorizationUrl } = await calendar.startAuthorization({
      provider: 'corp',
      subject: 'bob',
      redirectUri,
    });
    const callback = await consent(authorizationUrl);
    const notFound = { code: 'NOT_FOUND', reason: 'AUTHORIZATION_NOT_FOUND' };
    await rejects(web.completeAuthorization(callback), notFound);
    await rejects(calendar.completeAuthorization(callback), notFound);
  });
});
