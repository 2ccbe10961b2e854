// SPDX-License-Identifier: Apache-2.0
//
// What the README and the reference show is what check-config accepts.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { Broker, run } from './broker.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

const read = (file) => readFileSync(join(root, file), 'utf8');

const blocks = (file) =>
  [...read(file).matchAll(/```yaml\n(.*?)```/gs)].map(
    ([, text]) => parse(text),
  );

// The same with files that are there.
function withFiles(config, broker) {
  const secret = broker.file('secret', 'a secret\n');
  config.encryption.keyring_file = broker.keyring;
  config.storage.rocksdb.path = broker.data;
  for (const provider of config.providers) {
    if (!provider.private_key_file) provider.client_secret_file = secret;
  }
  return config;
}

async function accepts(broker, config) {
  const path = broker.file('shown.yaml', stringify(withFiles(config, broker)));
  const { code, stderr } = await run('check-config', '--config', path);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
}

// A block of the page of providers with something in the place of each `...`:
// what belongs to a tenant is that of the preset's golden file.
function filled(block, privateKey) {
  const { registration = {}, attributes = {} } = parse(
    read(`tests/golden/${block.preset}.yaml`),
  );
  const values = { ...attributes, ...registration.variables };
  const fill = (value, better) => (value === '...' ? better : value);
  return {
    ...block,
    client_id: fill(block.client_id, 'the-client'),
    scopes: block.scopes.map((scope) => fill(scope, 'another')),
    ...(block.variables && {
      variables: Object.fromEntries(
        Object.entries(block.variables).map(([name, value]) => [name, fill(value, values[name])]),
      ),
    }),
    ...(block.private_key_file && {
      private_key_file: privateKey,
      key_id: fill(block.key_id, 'the-key'),
    }),
  };
}

test('the README: the file, with each of its provider blocks', async (t) => {
  const broker = new Broker(t);
  const [file, ...providers] = blocks('README.md');
  assert.deepEqual(
    providers.map(([provider]) => provider.name),
    ['google', 'kakao', 'corp'],
  );
  await accepts(broker, file);
  await accepts(broker, { ...file, providers: providers.flat() });
});

test('the reference: its example', async (t) => {
  const [example] = blocks('docs/configuration.md');
  await accepts(new Broker(t), example);
});

test('the page of providers: the block of each preset', async (t) => {
  const broker = new Broker(t);
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const key = broker.file('key.pem', privateKey);
  const shown = blocks('docs/providers.md').flat();
  assert.deepEqual(
    shown.map(({ preset }) => `${preset}.yaml`),
    readdirSync(join(root, 'providers/catalogue')).sort(),
  );
  const [file] = blocks('README.md');
  const providers = shown.map((block) => filled(block, key));
  assert.doesNotMatch(stringify(providers), /\.\.\./);
  await accepts(broker, { ...file, providers });
});
