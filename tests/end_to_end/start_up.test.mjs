// SPDX-License-Identifier: Apache-2.0
//
// What cannot be is refused at the start: an exit code, and one line that says
// what and how to mend it.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { clients, startProvider } from '../provider/provider.mjs';
import { Broker, run } from './broker.mjs';
import { alice, authorize } from './expect.mjs';

async function refuses(args, code, pattern) {
  const result = await run(...args);
  assert.equal(result.code, code, result.stderr);
  assert.match(result.stderr, pattern);
  assert.equal(result.stderr.trim().split('\n').length, 1, result.stderr);
}

const serve = (broker) => ['serve', '--config', broker.configFile];

test('a broken configuration file is refused with its line', async (t) => {
  const broker = new Broker(t);
  broker.configure();
  const good = readFileSync(broker.configFile, 'utf8');
  for (const [name, text, pattern] of [
    ['an unknown key', `${good}\ncolour: red\n`, /config\.yaml:\d+: .*"colour"; known keys: .*grpc/],
    ['an unknown key inside', good.replace('address:', 'adress:'), /config\.yaml:2: .*"adress".*address/],
    ['a wrong type', good.replace('grpc:\n', 'grpc: 7443\nx:\n'), /config\.yaml:1: grpc must be a map/],
    ['a duplicate key', `${good}\ngrpc:\n  address: 127.0.0.1:1\n`, /config\.yaml:\d+: grpc is given twice/],
    ['a bad enum', good.replace('- GET_TOKEN', '- TAKE_TOKEN'), /config\.yaml:\d+: permissions must be one of AUTHORIZE/],
    ['a bad duration', good.replace('grace: 5s', 'grace: 5'), /config\.yaml:\d+: grace must be a duration/],
    ['a bound', good.replace('grace: 5s', 'grace: 1h'), /config\.yaml:\d+: drain\.grace must be between/],
    ['a watermark', good.replace('path:', 'least_free_mib: 0\n    path:'), /config\.yaml:\d+: storage\.rocksdb\.least_free_mib must be between 64/],
    ['no address', good.replace('  address: 127.0.0.1:0\n', '  reflection: true\n'), /config\.yaml:\d+: grpc\.address is missing/],
    ['every address without TLS', good.replace('127.0.0.1:0', '0.0.0.0:0'), /grpc\.address may only be a loopback/],
    ['a rule for an unknown provider', good.replace('"*"', 'gogle'), /access\[0\]\.providers\[0\] must name a configured/],
    ['not YAML', 'a: [', /config\.yaml:\d+: not YAML/],
    ['an alias', 'grpc: &a {}\nhttp: *a\n', /aliases are not read/],
    ['nothing', '', /config\.yaml:1: /],
  ]) {
    await t.test(name, async () => {
      assert.notEqual(text, good);
      broker.file('config.yaml', text);
      await refuses(serve(broker), 64, pattern);
      await refuses(['check-config', '--config', broker.configFile], 64, pattern);
    });
  }
});

test('a file that is not there is named', async (t) => {
  await refuses(['serve', '--config', '/no/such/file'], 64, /\/no\/such\/file/);
  const broker = new Broker(t);
  const block = {
    name: 'google',
    preset: 'google',
    client_id: 'x',
    redirect_uris: ['https://app.example.com/callback'],
  };
  broker.configure({ providers: [{ ...block, client_secret_file: '/no/secret' }] });
  await refuses(serve(broker), 64, /provider google: client_secret_file.*\/no\/secret/);
  const client_secret_file = broker.file('secret', 'x');
  broker.configure({ providers: [{ ...block, client_secret_file, ca_file: '/no/ca' }] });
  await refuses(serve(broker), 64, /provider google: ca_file: .*\/no\/ca/);
  const ca_file = broker.file('ca.pem', '');
  broker.configure({ providers: [{ ...block, client_secret_file, ca_file }] });
  await refuses(serve(broker), 64, /provider google: ca_file: .* holds no certificate/);
  broker.configure({ providers: [block] });
  await refuses(serve(broker), 64, /provider google: client_secret_file is missing/);
  broker.configure({ providers: [{ ...block, preset: 'gogle' }] });
  await refuses(serve(broker), 64, /provider google: there is no preset gogle/);
  broker.configure({ encryption: { keyring_file: '/no/keyring' } });
  await refuses(serve(broker), 64, /\/no\/keyring/);
});

test('a port in use is refused', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  t.after(() => taken.close());
  const address = `127.0.0.1:${taken.address().port}`;
  const broker = new Broker(t);
  for (const listener of ['grpc', 'http']) {
    broker.configure({ [listener]: { address } });
    const result = await run(...serve(broker));
    assert.equal(result.code, 64, result.stderr);
    assert.match(result.stderr, new RegExp(`cannot listen on ${listener}\\.address ${address}`));
  }
});

test('a data directory in use: the second broker exits 73, the first goes on', async (t) => {
  const provider = await startProvider({ accessTokenTtl: 60 });
  t.after(() => provider.close());
  const broker = new Broker(t);
  broker.configure({ providers: [broker.oidc(provider, clients.basic)] });
  await broker.start();
  await authorize(broker.client);
  for (let attempt = 0; attempt < 3; ++attempt) {
    await refuses(serve(broker), 73, /in use by another process/);
    // Reads, writes, and keeps what it writes.
    const { accessToken } = await broker.client.getAccessToken(alice);
    await broker.client.getAccessToken({ ...alice, rejectedAccessToken: accessToken });
    await authorize(broker.client, { subject: `user-${attempt}` });
    assert.equal((await fetch(`${broker.http}/readyz`)).status, 200);
  }
  assert.equal(await broker.stop(), 0);
  await broker.start();
  const { connections } = await broker.client.listConnections({});
  assert.equal(connections.length, 4);
  assert.equal(connections[0].generation, 4);
});

test('a keyring that others can read is refused', async (t) => {
  const broker = new Broker(t).configure();
  chmodSync(broker.keyring, 0o444);
  await refuses(serve(broker), 78, /chmod 0?400/);
});

test('a keyring that does not fit the data is refused', async (t) => {
  const broker = await new Broker(t).configure().start();
  await broker.stop();
  const other = new Broker(t);
  broker.configure({ encryption: { keyring_file: other.keyring } });
  await refuses(serve(broker), 78, /keyring does not fit/);
});

test('a directory of somebody else is refused and left alone', async (t) => {
  const broker = new Broker(t).configure();
  mkdirSync(broker.data);
  const foreign = join(broker.data, 'thesis.txt');
  writeFileSync(foreign, 'mine');
  await refuses(serve(broker), 64, /thesis\.txt/);
  assert.equal(readFileSync(foreign, 'utf8'), 'mine');
});

test('keygen makes a private file and never overwrites one', async (t) => {
  const broker = new Broker(t);
  const before = readFileSync(broker.keyring);
  await refuses(['keygen', '--out', broker.keyring], 64, /exists/);
  assert.deepEqual(readFileSync(broker.keyring), before);
});

test('wrong usage exits 64 and says how to get help', async () => {
  for (const args of [[], ['fly'], ['serve'], ['serve', '--colour', 'red']]) {
    const result = await run(...args);
    assert.equal(result.code, 64, args.join(' '));
    assert.match(result.stderr, /--help/);
  }
  for (const args of [['--help'], ['--version'], ['serve', '--help']]) {
    assert.equal((await run(...args)).code, 0, args.join(' '));
  }
});
