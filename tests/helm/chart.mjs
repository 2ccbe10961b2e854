// SPDX-License-Identifier: Apache-2.0
//
// Runs the real Helm on the chart. HELM is the binary (see get-helm.sh) and
// TOKEN_BROKER the broker's; both default to where `./dev` leaves them.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {
  mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parse, parseAllDocuments} from 'yaml';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const chart = join(root, 'helm/token-broker');
export const broker =
    process.env.TOKEN_BROKER ?? join(root, 'build/release/token-broker');
const helmBinary = process.env.HELM ?? join(root, 'build/tools/helm/helm');

export const read = (...path) => readFileSync(join(root, ...path), 'utf8');

// The example values files beside the chart, by name.
export const examples = Object.fromEntries(
    readdirSync(join(chart, 'ci'))
        .map(file => [file, parse(read('helm/token-broker/ci', file))]));

// The least that installs.
export const minimal = Object.freeze({
  keyring: {existingSecret: {name: 'the-keyring'}},
  tls: {existingSecret: {name: 'the-tls'}},
});

// A provider that nothing is wrong with.
export const provider = Object.freeze({
  name: 'google',
  preset: 'google',
  client_id: '1234.apps.googleusercontent.com',
  clientSecret: {existingSecret: {name: 'the-google'}},
  redirect_uris: ['https://app.example.com/oauth/callback'],
});

// Runs `use(directory)` with a directory that is gone afterwards.
export function withDirectory(use) {
  const directory = mkdtempSync(join(tmpdir(), 'token-broker-helm-'));
  try {
    return use(directory);
  } finally {
    rmSync(directory, {recursive: true});
  }
}

// Runs a program to its end: {status, stdout, stderr}.
export function run(program, args, options = {}) {
  const result = spawnSync(program, args, {encoding: 'utf8', ...options});
  if (result.error) throw result.error;
  return result;
}

// Runs Helm with `values` in a file; `$VALUES` among the arguments is its path.
export function helm(args, values = {}) {
  return withDirectory(directory => {
    const file = join(directory, 'values.yaml');
    writeFileSync(file, JSON.stringify(values));
    return run(
        helmBinary, args.map(arg => arg === '$VALUES' ? file : arg), {
          env: {
            PATH: process.env.PATH,
            HOME: directory,
            HELM_CONFIG_HOME: directory,
            HELM_CACHE_HOME: directory,
            HELM_DATA_HOME: directory,
          },
        });
  });
}

// `helm template`, whatever comes of it.
export const template = (values, release = 'demo') => helm(
    ['template', release, chart, '--namespace', 'apps', '-f', '$VALUES'],
    values);

// The rendered objects. Fails unless the values are accepted.
export function render(values, release) {
  const {status, stdout, stderr} = template(values, release);
  assert.equal(status, 0, stderr);
  return parseAllDocuments(stdout).map(document => {
    assert.deepEqual(document.errors, []);
    return document.toJS();
  });
}

// The one rendered object of this kind.
export function only(objects, kind) {
  const found = objects.filter(object => object.kind === kind);
  assert.equal(found.length, 1, `${found.length} objects of kind ${kind}`);
  return found[0];
}

// The broker's configuration, parsed, and as text.
export const configText = objects =>
    only(objects, 'ConfigMap').data['config.yaml'];
export const config = objects => parse(configText(objects));

export const pod = objects => only(objects, 'StatefulSet').spec.template.spec;

// What the pod finds below /etc/token-broker: path -> {kind, name, key}.
export function mountedFiles(objects) {
  const volume = pod(objects).volumes.find(({name}) => name === 'files');
  const files = volume.projected.sources.flatMap(source => {
    const [[kind, {name, items}]] = Object.entries(source);
    return items.map(({key, path}) => [path, {kind, name, key}]);
  });
  assert.equal(new Set(files.map(([path]) => path)).size, files.length);
  return Object.fromEntries(files);
}
