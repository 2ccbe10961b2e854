// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import { Broker } from './broker.mjs';
import { onABusyMachine, until } from './expect.mjs';

const service = 'tokenbroker.v1.TokenBrokerService';
const buf = join(
  dirname(fileURLToPath(import.meta.url)),
  '../node_modules/.bin/buf',
);

const get = async (broker, path) => {
  const response = await fetch(broker.http + path);
  return [response.status, await response.text()];
};

test('a broker that serves says so everywhere', async (t) => {
  const broker = await new Broker(t).configure().start();
  assert.deepEqual(await get(broker, '/livez'), [200, 'ok']);
  assert.deepEqual(await get(broker, '/readyz'), [200, 'ok']);
  assert.match((await get(broker, '/readyz?verbose'))[1], /\[\+\]refresh ok/);
  assert.match((await get(broker, '/livez?verbose'))[1], /\[\+\]ping ok/);
  assert.match((await get(broker, '/metrics'))[1], /^# HELP grpc_server_handled_total/m);
  assert.equal((await get(broker, '/elsewhere'))[0], 404);
  for (const name of ['', service]) {
    assert.equal((await broker.client.check({ service: name })).status, 'SERVING');
  }
  const unknown = await broker.client.check({ service: 'x' }).catch((e) => e);
  assert.equal(unknown.code, grpc.status.NOT_FOUND);
});

// Opens connections to the HTTP port that never send a word.
async function idlers(t, broker, count) {
  const { hostname, port } = new URL(broker.http);
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(port, hostname);
    socket.on('error', () => {});
    return socket.resume();
  });
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return sockets;
}

const burst = 'a burst of connections is queued while nobody accepts them';
test(burst, { timeout: 20000 }, async (t) => {
  const broker = await new Broker(t).configure().start();
  broker.process.kill('SIGSTOP');
  const status = `/proc/${broker.process.pid}/status`;
  await until(() => /^State:\tT/m.test(readFileSync(status, 'utf8')), 'stopped');
  await idlers(t, broker, 24);
  const probe = get(broker, '/livez');
  broker.process.kill('SIGCONT');
  assert.equal((await probe)[0], 200);
});

test('whoever holds connections open makes no probe wait', async (t) => {
  const broker = await new Broker(t).configure().start();
  await onABusyMachine(async () => {
    const sockets = await idlers(t, broker, 24);
    assert.equal((await get(broker, '/livez'))[0], 200);
    // The broker gives none up before a second has gone by.
    const held = sockets.every((socket) => socket.readyState === 'open');
    sockets.forEach((socket) => socket.destroy());
    return held;
  });
});

test('whoever holds connections open makes no stop wait', async (t) => {
  await onABusyMachine(async () => {
    const broker = await new Broker(t).configure().start();
    await idlers(t, broker, 24);
    const start = Date.now();
    assert.equal(await broker.stop(), 0);
    return Date.now() - start < 3000;
  });
});

test('SIGTERM: first not ready, then drained, then exit 0', async (t) => {
  const broker = new Broker(t).configure({ drain: { delay: '3s', grace: '5s' } });
  await broker.start();
  const stopped = broker.stop();
  await until(async () => (await get(broker, '/readyz'))[0] === 503, '503', 2500);
  assert.equal((await broker.client.check({})).status, 'NOT_SERVING');
  assert.match((await get(broker, '/readyz'))[1], /\[-\]draining/);
  // Still alive, and still serving who has not noticed.
  assert.equal((await get(broker, '/livez'))[0], 200);
  await broker.client.listProviders();
  assert.equal(await stopped, 0);
});

test('a second SIGTERM cuts the delay short', async (t) => {
  const broker = new Broker(t).configure({ drain: { delay: '60s', grace: '5s' } });
  await broker.start();
  const stopped = broker.stop();
  await until(async () => (await get(broker, '/readyz'))[0] === 503, '503');
  const start = Date.now();
  broker.process.kill('SIGTERM');
  assert.equal(await stopped, 0);
  assert.ok(Date.now() - start < 30000);
});

const list = (broker) =>
  execFileSync(
    buf,
    ['curl', '--protocol', 'grpc', '--http2-prior-knowledge',
      `http://${broker.address}`, '--list-methods'],
    { encoding: 'utf8', stdio: 'pipe' },
  );

test('reflection describes every service when it is switched on', async (t) => {
  const broker = new Broker(t).configure({
    grpc: { address: '127.0.0.1:0', reflection: true },
  });
  await broker.start();
  const methods = list(broker);
  assert.match(methods, /tokenbroker\.v1\.TokenBrokerService\/GetAccessToken/);
  assert.match(methods, /grpc\.health\.v1\.Health\/Check/);
});

test('reflection is off by default', async (t) => {
  const broker = await new Broker(t).configure().start();
  assert.throws(() => list(broker), /unimplemented|not support/i);
});
