// SPDX-License-Identifier: Apache-2.0
//
// A provider behind TLS with a private authority, and everything that may be
// wrong with its certificate or its line: none of it may cost a request.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { misbehave } from '../provider/misbehaving.mjs';
import { redirectUri } from '../provider/provider.mjs';
import { Authority } from './authority.mjs';
import { Broker } from './broker.mjs';
import { alice, rejects, until } from './expect.mjs';

const here = 'IP:127.0.0.1';
const unavailable = { code: 'UNAVAILABLE', reason: 'PROVIDER_UNAVAILABLE' };

// A port that deals with each connection as `behave` says at the time.
class Port {
  async open() {
    this.sockets = new Set();
    this.server = net.createServer((socket) => {
      this.sockets.add(socket);
      socket.on('error', () => {});
      this.behave(socket);
    });
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.origin = `https://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  close() {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

// Each fault, and what the log says of it.
const reasons = [
  ['a certificate that has expired', /certificate has expired/],
  ['a certificate that is not yet valid', /certificate is not yet valid/],
  ['a certificate for another host', /for another host/],
  ['a certificate that nobody signed', /self-signed certificate/],
  ["another authority's certificate", /unable to get local issuer certificate/],
  ['TLS 1.1', /SSL connect error/],
  ['a handshake that breaks off', /SSL connect error/],
  ['a handshake that ends', /SSL connect error/],
  ['a handshake that stands still', /Timeout was reached/],
  ['bytes that are no TLS', /SSL connect error/],
  ['plain HTTP', /SSL connect error/],
];

describe('TLS to the provider', () => {
  let folder;
  let authority;
  const faults = {};

  // What a connection meets. `endpoint` answers whatever request comes through,
  // and has `received` what came that no TLS server read.
  const tls = (stem, options = {}) => (endpoint) => {
    const server = https.createServer(
      {
        key: readFileSync(`${stem}.key`),
        cert: readFileSync(`${stem}.crt`),
        ...options,
      },
      endpoint.handle,
    );
    server.on('tlsClientError', () => {});
    return (socket) => server.emit('connection', socket);
  };
  const raw = (act) => (endpoint) => (socket) =>
    socket.once('data', (bytes) => {
      endpoint.received.push(bytes);
      act(socket);
    });

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'token-broker-tls-'));
    authority = new Authority(folder, 'ours');
    const other = new Authority(folder, 'theirs');
    const server = authority.issue('server', here);
    Object.assign(faults, {
      good: tls(server),
      'a certificate that has expired': tls(authority.issue('old', here, [-2, -1])),
      'a certificate that is not yet valid': tls(authority.issue('new', here, [1, 2])),
      'a certificate for another host': tls(authority.issue('host', 'DNS:other.test')),
      'a certificate that nobody signed': tls(new Authority(folder, 'self').path('self')),
      "another authority's certificate": tls(other.issue('other', here)),
      'TLS 1.1': tls(server, {
        minVersion: 'TLSv1.1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      }),
      'a handshake that breaks off': raw((socket) => socket.resetAndDestroy()),
      'a handshake that ends': raw((socket) => socket.end()),
      'a handshake that stands still': raw(() => {}),
      'bytes that are no TLS': raw((socket) => socket.end('220 ready\r\n')),
      'plain HTTP': (endpoint) => {
        const server = http.createServer(endpoint.handle);
        server.on('clientError', (error, socket) => {
          endpoint.received.push(error.rawPacket);
          socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
        });
        return (socket) => server.emit('connection', socket);
      },
    });
  });
  after(() => rmSync(folder, { recursive: true }));

  // A broker and its provider, which is good at first. `changes` are made to
  // the provider's block, for the origin they are given.
  async function world(t, changes) {
    const endpoint = { ...misbehave(), received: [] };
    const port = await new Port().open();
    t.after(() => port.close());
    const become = (fault) => {
      port.behave = faults[fault](endpoint);
    };
    become('good');
    const broker = new Broker(t);
    broker.configure({
      providers: [
        {
          name: 'corp',
          client_id: 'broker',
          client_secret_file: broker.file('client_secret', 'client-secret'),
          redirect_uris: [redirectUri],
          scopes: ['calendar'],
          authorization_endpoint: `${port.origin}/authorize`,
          token_endpoint: `${port.origin}/token`,
          allow_loopback: true,
          request_timeout: '2s',
          rotation: 'strict',
          ca_file: authority.path('ours.crt'),
          ...changes(port.origin),
        },
      ],
    });
    await broker.start();
    const { client } = broker;
    const authorize = async () => {
      const { state } = await client.startAuthorization({ ...alice, redirectUri });
      const { connection } = await client.completeAuthorization({ state, code: 'c' });
      return connection;
    };
    return { ...endpoint, endpoint, become, broker, client, authorize };
  }
  const written = () => ({});

  test('with its authority a provider is discovered, and a user signs in and stays', async (t) => {
    const discovered = (origin) => ({
      issuer: origin,
      authorization_endpoint: undefined,
      token_endpoint: undefined,
    });
    const { next, requests, client, authorize } = await world(t, discovered);
    next((request, response) => {
      const origin = `https://${request.headers.host}`;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          issuer: origin,
          authorization_endpoint: `${origin}/authorize`,
          token_endpoint: `${origin}/token`,
        }),
      );
    });
    const connection = await authorize();
    assert.equal(connection.state, 'STATE_ACTIVE');
    const { accessToken } = await client.getAccessToken(alice);
    assert.equal(accessToken, 'good-access-1');
    const fresh = await client.getAccessToken({ ...alice, rejectedAccessToken: accessToken });
    assert.equal(fresh.accessToken, 'good-access-2');
    assert.deepEqual(
      requests.map(({ path }) => path),
      ['/.well-known/openid-configuration', '/token', '/token'],
    );
  });

  test('without its authority it is not spoken to', async (t) => {
    const { requests, authorize } = await world(t, () => ({ ca_file: undefined }));
    await rejects(authorize(), unavailable);
    assert.deepEqual(requests, []);
  });

  test('a refresh meets each fault: nothing is sent, nothing is lost', async (t) => {
    for (const [fault, reason] of reasons) {
      await t.test(fault, async (t) => {
        const { endpoint, requests, become, broker, client, authorize } =
          await world(t, written);
        await authorize();
        const { accessToken } = await client.getAccessToken(alice);

        become(fault);
        const rejected = { ...alice, rejectedAccessToken: accessToken };
        await rejects(client.getAccessToken(rejected), { ...unavailable });
        const [line] = await until(() => {
          const lines = broker.events('refresh');
          return lines.length > 0 && lines;
        }, 'the refresh is logged');
        assert.equal(line.outcome, 'not_sent', JSON.stringify(line));
        assert.match(line.detail, reason);
        assert.equal(line.state, 'STATE_ACTIVE');
        assert.equal((await client.getAccessToken(alice)).accessToken, accessToken);
        const { connection } = await client.getConnection(alice);
        assert.equal(connection.state, 'STATE_ACTIVE');
        assert.equal(connection.generation, 1);

        // Only the sign-in was ever understood; what else came was TLS.
        assert.equal(requests.length, 1);
        for (const bytes of endpoint.received) {
          assert.equal(bytes[0], 0x16, 'a handshake');
          assert.doesNotMatch(bytes.toString('latin1'), /POST|good-refresh|HTTP/);
        }

        become('good');
        const fresh = await until(
          () => client.getAccessToken(rejected).catch(() => false),
          'the refresh when the fault is mended',
        );
        assert.equal(fresh.generation, 2);
        assert.equal(requests.at(-1).params.refresh_token, 'good-refresh-1');
      });
    }
  });
});
