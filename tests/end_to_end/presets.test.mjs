// SPDX-License-Identifier: Apache-2.0
//
// What the command says of presets: the list, and what a block lacks.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Broker, run } from './broker.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

const { privateKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

// check-config of one provider block: {code, stdout, stderr}.
async function check(broker, block, changes = {}) {
  broker.configure({
    providers: [
      {
        name: 'mine',
        client_id: 'client',
        redirect_uris: ['https://app.example.com/callback'],
        ...block,
      },
    ],
    ...changes,
  });
  return run('check-config', '--config', broker.configFile);
}

test('all presets are listed', async () => {
  const { code, stdout } = await run('providers');
  assert.equal(code, 0);
  const names = stdout.trimEnd().split('\n').map((line) => line.split(' ')[0]);
  const files = readdirSync(join(root, 'providers/catalogue')).map((file) =>
    file.replace('.yaml', ''),
  );
  assert.deepEqual(names, files.sort());
});

test('one preset is shown in full', async () => {
  const { code, stdout } = await run('providers', 'google');
  assert.equal(code, 0);
  assert.match(stdout, /preset: google\n {2}client_id: /);
  assert.match(stdout, /source: https:\/\/developers\.google\.com\//);
});

test('what a connection will show is said', async () => {
  const { stdout } = await run('providers', 'slack');
  assert.match(stdout, /^attribute team_id: /m);
  assert.match(stdout, /^further tokens: user$/m);
});

test('a preset that is not there is not shown', async () => {
  const { code, stderr } = await run('providers', 'gogle');
  assert.equal(code, 64);
  assert.match(stderr, /there is no preset gogle; `token-broker providers` lists/);
});

const secret = (broker) => ({ client_secret_file: broker.file('secret', 's3cret\n') });
const key = (broker) => ({ private_key_file: broker.file('key.pem', privateKey) });
const team = { variables: { team_id: 'ABCDE12345' } };

for (const [what, block, expected] of [
  [
    'Apple without its team',
    (b) => ({ preset: 'apple', key_id: 'K', ...key(b) }),
    /variable team_id is missing: .*variables: \{team_id: \.\.\.\}/,
  ],
  [
    'Apple without its private key',
    () => ({ preset: 'apple', key_id: 'K', ...team }),
    /private_key_file is missing: /,
  ],
  [
    "Apple without the key's ID",
    (b) => ({ preset: 'apple', ...team, ...key(b) }),
    /key_id is missing: /,
  ],
  [
    'Apple with a client secret',
    (b) => ({ preset: 'apple', key_id: 'K', ...team, ...key(b), ...secret(b) }),
    /client_secret_file is of no use/,
  ],
  [
    'Apple with a file that is no key',
    (b) => ({
      preset: 'apple', key_id: 'K', ...team,
      private_key_file: b.file('no.pem', 's3cret'),
    }),
    /private_key_file .*no\.pem: must hold one private key/,
  ],
  [
    'Shopify without its shop',
    (b) => ({ preset: 'shopify', ...secret(b) }),
    /variable shop is missing: .*caller_variables: \[shop\]/,
  ],
  [
    'Shopify with a shop that is no name',
    (b) => ({ preset: 'shopify', variables: { shop: 'evil.test/' }, ...secret(b) }),
    /variables: shop must match /,
  ],
  [
    'Google with a variable',
    (b) => ({ preset: 'google', variables: { tenant: 'x' }, ...secret(b) }),
    /variables: the preset has no attribute tenant/,
  ],
  [
    'Google with a private key',
    (b) => ({ preset: 'google', ...secret(b), ...key(b) }),
    /private_key_file, certificate_file and key_id are of use with/,
  ],
  ['a preset with a slip', () => ({ preset: 'kakoa' }), /there is no preset kakoa/],
  [
    'half the name of a preset',
    () => ({ preset: 'github' }),
    /there is no preset github \(is it github-app or github-oauth-app\?\)/,
  ],
  [
    'OpenID Connect without the issuer',
    (b) => ({ preset: 'oidc', ...secret(b) }),
    /write an issuer to discover, or authorization_endpoint and token_endpoint/,
  ],
]) {
  test(`check-config explains: ${what}`, async (t) => {
    const broker = new Broker(t);
    const { code, stderr } = await check(broker, block(broker));
    assert.equal(code, 64);
    assert.match(stderr, /^token-broker: provider mine: /);
    assert.match(stderr, expected);
    assert.doesNotMatch(stderr, /s3cret/);
    assert.equal(stderr.trimEnd().split('\n').length, 1);
  });
}

test('check-config accepts what it asked for', async (t) => {
  const broker = new Broker(t);
  for (const block of [
    { preset: 'apple', key_id: 'K', ...team, ...key(broker) },
    { preset: 'shopify', variables: { shop: 'acme' }, ...secret(broker) },
    { preset: 'shopify', caller_variables: ['shop'], ...secret(broker) },
  ]) {
    const { code, stderr } = await check(broker, block);
    assert.equal(code, 0, stderr);
  }
});

test('check-config warns of scopes that bring no refresh token', async (t) => {
  const broker = new Broker(t);
  const block = { preset: 'microsoft', variables: { tenant: 'common' }, ...secret(broker) };
  const without = await check(broker, { ...block, scopes: ['User.Read'] });
  assert.equal(without.code, 0, without.stderr);
  assert.match(without.stderr, /^token-broker: warning: provider mine: .*offline_access/);
  const within = await check(broker, { ...block, scopes: ['User.Read', 'offline_access'] });
  assert.equal(within.stderr, '');
});

test('presets of a folder of one’s own', async (t) => {
  const broker = new Broker(t);
  const folder = join(broker.folder, 'presets');
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'acme.yaml'),
    'name: acme\ndisplay_name: Acme\n' +
      'authorization_endpoint: https://acme.example/authorize\n' +
      'token_endpoint: https://acme.example/token\n' +
      'notes: {sources: [https://acme.example/docs]}\n',
  );
  const block = { preset: 'acme', ...secret(broker) };
  const good = await check(broker, block, { preset_directory: folder });
  assert.equal(good.code, 0, good.stderr);
  const { stdout } = await run('providers', '--config', broker.configFile);
  assert.match(stdout, /^acme +Acme$/m);

  writeFileSync(join(folder, 'slip.yaml'), 'name: slip\ntoken_endpont: https://x.example\n');
  const bad = await check(broker, block, { preset_directory: folder });
  assert.equal(bad.code, 64);
  assert.match(bad.stderr, /slip\.yaml:2: .*token_endpont/);

  const none = await check(broker, block, { preset_directory: `${folder}/none` });
  assert.equal(none.code, 64);
  assert.match(none.stderr, /preset_directory .*none: /);
});
