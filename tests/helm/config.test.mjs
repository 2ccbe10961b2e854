// SPDX-License-Identifier: Apache-2.0
//
// The configuration that the chart renders, and the files that it points to.
import assert from 'node:assert/strict';
import {mkdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import test from 'node:test';
import {
  broker, config, configText, examples, minimal, mountedFiles, only, pod,
  provider, render, run, withDirectory,
} from './chart.mjs';

const checksum = values => only(render(values), 'StatefulSet')
    .spec.template.metadata.annotations['checksum/config'];

function succeeds(program, args, options) {
  const {status, stdout, stderr} = run(program, args, options);
  assert.equal(status, 0, `${program} ${args[0]}: ${stdout}${stderr}`);
}

// Makes every file that the pod would find, as `directory/path`.
function makeFiles(objects, directory) {
  const tls = join(directory, 'tls');
  mkdirSync(tls);
  succeeds('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
    '-nodes', '-days', '2', '-subj', '/CN=broker', '-addext',
    'subjectAltName=DNS:localhost', '-keyout', 'tls.key', '-out', 'tls.crt',
  ], {cwd: tls});
  succeeds('cp', ['tls.crt', 'ca.crt'], {cwd: tls});
  for (const path of Object.keys(mountedFiles(objects))) {
    const file = join(directory, path);
    mkdirSync(dirname(file), {recursive: true});
    if (path === 'keyring/keyring') {
      succeeds(broker, ['keygen', '--out', file]);
    } else if (path.endsWith('/ca.crt') && path !== 'tls/ca.crt') {
      succeeds('cp', [join(tls, 'ca.crt'), file]);
    } else if (path.endsWith('/private_key')) {
      succeeds('cp', [join(tls, 'tls.key'), file]);
    } else if (path.endsWith('/certificate')) {
      succeeds('cp', [join(tls, 'tls.crt'), file]);
    } else if (path.startsWith('secrets/')) {
      writeFileSync(file, 'a client secret\n', {mode: 0o400});
    }
  }
}

// Makes the folder that Kubernetes makes of a ConfigMap with the file acme.yaml:
// links through a link to a folder with the time in its name.
function makePresets(directory) {
  const folder = join(directory, 'presets');
  const stamped = '..2026_11_23_09_00_00.123456789';
  mkdirSync(join(folder, stamped), {recursive: true});
  writeFileSync(join(folder, stamped, 'acme.yaml'), `name: acme
display_name: Acme
authorization_endpoint: https://acme.example/authorize
token_endpoint: https://acme.example/token
notes: {sources: ["https://acme.example/docs"]}
`);
  symlinkSync(stamped, join(folder, '..data'));
  symlinkSync('..data/acme.yaml', join(folder, 'acme.yaml'));
}

for (const [name, values] of Object.entries(examples)) {
  test(`${name}: every file that the configuration names is mounted`, () => {
    const objects = render(values);
    const named = configText(objects).match(/\/etc\/token-broker\/\S+/g);
    const mounted = Object.keys(mountedFiles(objects))
        .filter(path => path !== 'config.yaml')
        .map(path => `/etc/token-broker/${path}`);
    assert.deepEqual(named.sort(), mounted.sort());
    const [container] = pod(objects).containers;
    assert.deepEqual(container.volumeMounts, [
      {name: 'files', mountPath: '/etc/token-broker', readOnly: true},
      ...(values.presets ? [{
        name: 'presets', mountPath: '/etc/token-broker-presets', readOnly: true,
      }] : []),
      {name: 'data', mountPath: '/var/lib/token-broker'},
    ]);
    assert.deepEqual(
        container.args, ['serve', '--config', '/etc/token-broker/config.yaml']);
  });

  test(`${name}: the broker accepts the configuration`, () => {
    const objects = render(values);
    withDirectory(directory => {
      makeFiles(objects, directory);
      const file = join(directory, 'config.yaml');
      const text = configText(objects)
          .replaceAll('/etc/token-broker/', `${directory}/`)
          .replaceAll('/var/lib/token-broker/', `${directory}/`)
          .replaceAll('/etc/token-broker-presets', `${directory}/presets`);
      makePresets(directory);
      writeFileSync(file, text);
      succeeds(broker, ['check-config', '--config', file]);
      // So that the test can fail: the same file with a key too many.
      writeFileSync(file, `${text}\nno_such_key: 1\n`);
      assert.equal(run(broker, ['check-config', '--config', file]).status, 64);
    });
  });
}

test('every Secret file is mounted read-only for the group at most', () => {
  const volume = pod(render(examples['full-values.yaml'])).volumes
      .find(({name}) => name === 'files');
  assert.equal(volume.projected.defaultMode, 0o440);
  for (const source of volume.projected.sources) {
    const [{items}] = Object.values(source);
    for (const item of items) assert.equal(item.mode, undefined);
  }
});

test('each file comes from the object and the key that the values name', () => {
  assert.deepEqual(mountedFiles(render(examples['full-values.yaml'])), {
    'config.yaml':
        {kind: 'configMap', name: 'oauth-broker', key: 'config.yaml'},
    'keyring/keyring': {kind: 'secret', name: 'sealing', key: 'current'},
    'tls/tls.crt': {kind: 'secret', name: 'broker-tls', key: 'tls.crt'},
    'tls/tls.key': {kind: 'secret', name: 'broker-tls', key: 'tls.key'},
    'tls/ca.crt': {kind: 'secret', name: 'broker-tls', key: 'ca.crt'},
    'secrets/google-acme/client_secret':
        {kind: 'secret', name: 'google-acme', key: 'secret'},
    'secrets/corp/client_secret':
        {kind: 'secret', name: 'corp', key: 'client_secret'},
    'secrets/corp/ca.crt':
        {kind: 'configMap', name: 'corp-ca', key: 'ca.crt'},
    'secrets/microsoft/private_key':
        {kind: 'secret', name: 'entra', key: 'tls.key'},
    'secrets/microsoft/certificate':
        {kind: 'secret', name: 'entra', key: 'tls.crt'},
  });
});

test("presets of one's own are mounted from the named ConfigMap", () => {
  const values = examples['presets-values.yaml'];
  const objects = render(values);
  const {name, mountPath} = pod(objects).containers[0].volumeMounts
      .find(({mountPath}) => mountPath === config(objects).preset_directory);
  assert.equal(mountPath, '/etc/token-broker-presets');
  assert.deepEqual(
      pod(objects).volumes.find(volume => volume.name === name),
      {name, configMap: values.presets.existingConfigMap});
  assert.equal(config(render(minimal)).preset_directory, undefined);
});

test('a client that signs has its key and no client secret', () => {
  const objects = render(examples['presets-values.yaml']);
  const [apple] = config(objects).providers;
  assert.equal(apple.client_secret_file, undefined);
  assert.equal(
      apple.private_key_file, '/etc/token-broker/secrets/apple/private_key');
  assert.deepEqual(
      mountedFiles(objects)['secrets/apple/private_key'],
      {kind: 'secret', name: 'token-broker-apple', key: 'AuthKey_K1.p8'});
});

test('the listeners are those that the Service and the probes ask', () => {
  const {grpc, http} = config(render(minimal));
  assert.equal(grpc.address, '0.0.0.0:7443');
  assert.equal(http.address, '0.0.0.0:7480');
  assert.equal(grpc.reflection, false);
  const six = config(render({...minimal, listenHost: '[::]'}));
  assert.equal(six.grpc.address, '[::]:7443');
  assert.equal(six.http.address, '[::]:7480');
});

test('the data directory is below the mounted disk, not its root', () => {
  assert.equal(
      config(render(minimal)).storage.rocksdb.path,
      '/var/lib/token-broker/data');
});

test('providers and access rules are passed on as they are', () => {
  const {providers, access} = examples['full-values.yaml'];
  const rendered = config(render(examples['full-values.yaml']));
  assert.deepEqual(rendered.access, access);
  assert.deepEqual(rendered.providers, providers.map(given => {
    const {clientSecret, privateKey, certificate, ca, ...rest} = given;
    const folder = `/etc/token-broker/secrets/${given.name}`;
    return {
      ...rest,
      ...(clientSecret && {client_secret_file: `${folder}/client_secret`}),
      ...(privateKey && {private_key_file: `${folder}/private_key`}),
      ...(certificate && {certificate_file: `${folder}/certificate`}),
      ...(ca && {ca_file: `${folder}/ca.crt`}),
    };
  }));
});

test('a public client has no secret file', () => {
  const {clientSecret, ...rest} = provider;
  const open = {...rest, token_endpoint_auth_method: 'NONE'};
  const objects = render({...minimal, providers: [open]});
  assert.deepEqual(config(objects).providers, [open]);
  assert.ok(!Object.keys(mountedFiles(objects)).some(p => /secrets/.test(p)));
});

test('a changed configuration restarts the pod, and nothing else does', () => {
  const before = checksum(minimal);
  assert.match(before, /^[0-9a-f]{64}$/);
  assert.equal(checksum({...minimal, podLabels: {team: 'a'}}), before);
  const changes = [
    {drain: {grace: '16s'}},
    {grpc: {reflection: true}},
    {providers: [provider]},
    {access: [{callers: ['a'], providers: ['*'], permissions: ['READ']}]},
  ];
  const after = changes.map(change => checksum({...minimal, ...change}));
  assert.equal(new Set([before, ...after]).size, changes.length + 1);
});

test('an annotation of the pod cannot replace the checksum', () => {
  const podAnnotations = {'checksum/config': 'fixed'};
  assert.equal(checksum({...minimal, podAnnotations}), checksum(minimal));
});
