// SPDX-License-Identifier: Apache-2.0
//
// What the README and the reference show is what check-config accepts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { Broker, run } from './broker.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

const blocks = (file) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(
    ([, text]) => parse(text),
  );

// The same with files that are there.
function withFiles(config, broker) {
  const secret = broker.file('secret', 'a secret\n');
  config.encryption.keyring_file = broker.keyring;
  config.storage.rocksdb.path = broker.data;
  for (const provider of config.providers) provider.client_secret_file = secret;
  return config;
}

async function accepts(broker, config) {
  const path = broker.file('shown.yaml', stringify(withFiles(config, broker)));
  const { code, stderr } = await run('check-config', '--config', path);
  assert.equal(code, 0, stderr);
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
