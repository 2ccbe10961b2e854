// SPDX-License-Identifier: Apache-2.0
//
// docs/adding-a-provider.md, taken at its word: the files that it shows, in a
// folder of their own, run as it says.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { Broker, binary, run } from '../end_to_end/broker.mjs';

const here = import.meta.dirname;
const page = readFileSync(join(here, '../../docs/adding-a-provider.md'), 'utf8');
const blocks = (language) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, text]) => text);

const [preset, block] = blocks('yaml');
const [imitation, suite] = blocks('js');

// The folder: what the page shows, beside links to what is there already.
function files(broker, yaml = preset) {
  const folder = join(broker.folder, 'presets');
  mkdirSync(folder);
  for (const name of readdirSync(here)) {
    if (name.endsWith('.mjs')) symlinkSync(join(here, name), join(folder, name));
  }
  writeFileSync(join(folder, 'acme-calendar.yaml'), yaml);
  writeFileSync(join(folder, 'acme-calendar.mjs'), imitation);
  writeFileSync(join(folder, 'acme-calendar.test.mjs'), suite);
  return folder;
}

test('the journey of the provider that the page adds', (t) => {
  const path = join(files(new Broker(t)), 'acme-calendar.test.mjs');
  // Of its own, not a part of this test.
  const { NODE_TEST_CONTEXT, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, ['--test', '--test-reporter=spec', path], {
    env: { ...env, TOKEN_BROKER: binary },
    encoding: 'utf8',
  });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /✔ acme-calendar: start, complete, get, refresh, delete/);
  assert.match(stdout, /✔ acme-calendar: the user disconnects the app/);
  t.diagnostic(stdout.match(/tests \d+/)[0]);
});

test('the configuration that the page ends with, and what there is to say of the preset', async (t) => {
  const broker = new Broker(t);
  const folder = files(broker);
  const { preset_directory: shownFolder, providers } = parse(block);
  assert.ok(shownFolder);
  providers[0].client_secret_file = broker.file('secret', 'a secret\n');
  broker.configure({ preset_directory: folder, providers });
  const { code, stderr } = await run('check-config', '--config', broker.configFile);
  assert.equal(code, 0, stderr);
  const shown = await run('providers', 'acme-calendar', '--config', broker.configFile);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /Acme Calendar/);
});

test('a mistake in the preset is refused with its file and line', async (t) => {
  const broker = new Broker(t);
  const folder = files(broker, preset.replace('tokens_at', 'token_at'));
  broker.configure({ preset_directory: folder, providers: [] });
  const { code, stderr } = await run('check-config', '--config', broker.configFile);
  assert.notEqual(code, 0);
  const line = 1 + preset.split('\n').findIndex((text) => text.includes('tokens_at'));
  assert.ok(stderr.includes(`acme-calendar.yaml:${line}`), stderr);
});

test('a preset that is built in is not replaced', async (t) => {
  const broker = new Broker(t);
  const folder = files(broker, stringify({ ...parse(preset), name: 'google' }));
  broker.configure({ preset_directory: folder, providers: [] });
  const { code, stderr } = await run('check-config', '--config', broker.configFile);
  assert.notEqual(code, 0);
  assert.match(stderr, /another preset google/);
});
