// SPDX-License-Identifier: Apache-2.0
//
// What is written in two places says the same in both.
import assert from 'node:assert/strict';
import test from 'node:test';
import {isMap, parse, parseDocument} from 'yaml';
import {chart, examples, helm, minimal, read} from './chart.mjs';

const valuesText = read('helm/token-broker/values.yaml');
const schema = JSON.parse(read('helm/token-broker/values.schema.json'));
const about = parse(read('helm/token-broker/Chart.yaml'));

// [dotted key, default] of every value that is no mapping of others.
function leaves(map, path = []) {
  return map.items.flatMap(({key, value}) => {
    const here = [...path, key.value];
    return isMap(value) && value.items.length
        ? leaves(value, here)
        : [[here.join('.'), value.toJSON()]];
  });
}

// The fields of a message, or the values of an enum without their prefix.
function declared(file, kind, name) {
  const body = read('proto/tokenbroker/config/v1', file)
      .match(new RegExp(`^${kind} ${name} \\{([^]*?)^\\}`, 'm'))[1];
  return [...body.matchAll(/^ .*?(\w+) = (\d+);/gm)]
      .filter(([, , number]) => number !== '0')
      .map(([, field]) => field);
}

const notes = values => {
  const {status, stdout, stderr} = helm([
    'install', 'demo', chart, '--namespace', 'apps', '--dry-run=client',
    '-f', '$VALUES',
  ], values);
  assert.equal(status, 0, stderr);
  return stdout.slice(stdout.indexOf('NOTES:'));
};

test('the README has a row for each value, with its default', () => {
  const rows = [...read('helm/token-broker/README.md')
      .matchAll(/^\| `([\w.]+)` \| `(.*?)` \| (.+) \|$/gm)]
      .map(([, key, value]) => [key, JSON.parse(value)]);
  assert.deepEqual(rows, leaves(parseDocument(valuesText).contents));
});

test('each key of values.yaml has a comment above it', () => {
  const lines = valuesText.split('\n');
  lines.forEach((line, i) => {
    if (!/^ *\w+:/.test(line)) return;
    assert.match(lines[i - 1], /^ *# /, `line ${i + 1}: ${line.trim()}`);
  });
});

test('the full example sets each value to something else', () => {
  const full = examples['full-values.yaml'];
  for (const [key, standard] of leaves(parseDocument(valuesText).contents)) {
    if (/^(persistence\.existingClaim|serviceAccount\.create)$/.test(key)) {
      continue;  // It would undo its neighbours; another example sets it.
    }
    const value = key.split('.').reduce((map, part) => map?.[part], full);
    // A processor request, for one, may be left out; what is there differs.
    assert.notEqual(value, undefined, key);
    assert.notDeepEqual(value, standard, key);
  }
});

test('the schema knows the provider fields of the configuration', () => {
  const fields = Object.keys(schema.definitions.provider.properties)
      .filter(field => ![
        'clientSecret', 'privateKey', 'certificate', 'ca', 'client_secret',
      ].includes(field));
  assert.deepEqual(
      fields.sort(), declared('provider.proto', 'message', 'Provider').sort());
});

test('the schema knows the other messages of the configuration', () => {
  const {accessRule, provider} = schema.definitions;
  const keys = ({properties}) => Object.keys(properties).sort();
  const of = (file, message) => declared(file, 'message', message).sort();
  assert.deepEqual(keys(accessRule), of('config.proto', 'AccessRule'));
  assert.deepEqual(
      keys(schema.properties.drain), of('config.proto', 'Drain'));
  assert.deepEqual(
      keys(provider.properties.refresh), of('provider.proto', 'Refresh'));
  const {properties} = provider;
  for (const [message, value] of [
    ['ErrorRule', properties.error_rules.items],
    ['AuthorizationRequest', properties.authorization_request],
    ['Request', schema.definitions.request],
    ['Answer', properties.answer],
    ['NamedTokens', properties.answer.properties.named_tokens.items],
    ['Attribute', properties.attributes.items],
    ['Assertion', properties.assertion],
    ['Notes', properties.notes],
    ['Doubt', properties.notes.properties.doubts.items],
  ]) {
    assert.deepEqual(keys(value), of('wire.proto', message), message);
  }
});

test('the schema knows the enum values of the configuration', () => {
  const {accessRule, clientAuthMethod, provider, request} = schema.definitions;
  const cases = [
    ['config.proto', 'Permission', 'PERMISSION_',
     accessRule.properties.permissions.items],
    ['wire.proto', 'ClientAuthMethod', 'CLIENT_AUTH_METHOD_', clientAuthMethod],
    ['wire.proto', 'HttpMethod', 'HTTP_METHOD_', request.properties.method],
    ['wire.proto', 'Encoding', 'ENCODING_', request.properties.encoding],
    ['wire.proto', 'TokenKind', 'TOKEN_KIND_', request.properties.token],
    ['wire.proto', 'CallbackSignature', 'CALLBACK_SIGNATURE_',
     provider.properties.callback_signature],
    ['wire.proto', 'IdToken', 'ID_TOKEN_', provider.properties.id_token],
    ['provider.proto', 'Pkce', 'PKCE_', provider.properties.pkce],
    ['provider.proto', 'Rotation', 'ROTATION_', provider.properties.rotation],
    ['provider.proto', 'RefreshMode', 'REFRESH_MODE_',
     provider.properties.refresh.properties.mode],
    ['wire.proto', 'ErrorClass', 'ERROR_CLASS_',
     provider.properties.error_rules.items.properties.class],
  ];
  for (const [file, name, prefix, property] of cases) {
    const upper = declared(file, 'enum', name)
        .map(value => value.slice(prefix.length));
    const lower = upper.map(value => value.toLowerCase());
    assert.deepEqual(property.enum, [...upper, ...lower], name);
  }
});

test('the chart is of the version that is built', () => {
  const [, version] =
      read('CMakeLists.txt').match(/project\(token-broker VERSION ([\d.]+)/);
  assert.equal(about.appVersion, version);
  assert.match(
      read('Dockerfile'),
      new RegExp(`image\\.version="${version.replaceAll('.', '\\.')}"`));
});

test('the notes say how to look and how to call', () => {
  const text = notes(minimal);
  assert.match(text, /port-forward statefulset\/demo-token-broker 7443 7480/);
  assert.match(text, /curl 'http:\/\/127\.0\.0\.1:7480\/readyz\?verbose'/);
  assert.match(text, /-authority demo-token-broker\.apps\.svc/);
  assert.match(text, /-proto tokenbroker\/v1\/token_broker\.proto/);
  assert.match(text, /keeps the claim data-demo-token-broker-0/);
});

test('the notes say what is still missing, and only then', () => {
  assert.match(notes(minimal), /Add `providers`[^]*Add `access`/);
  const text = notes(examples['full-values.yaml']);
  assert.doesNotMatch(text, /What to do next|-import-path/);
  assert.match(text, /deletes the claim data-oauth-broker-0/);
});
