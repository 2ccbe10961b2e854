// SPDX-License-Identifier: Apache-2.0
//
// Values that cannot work are refused before anything is changed, with a
// sentence that says what to do.
import assert from 'node:assert/strict';
import test from 'node:test';
import {minimal, provider, template} from './chart.mjs';

// Stands for a secret that was put where none may be.
const secret = 'hunter2-must-not-be-repeated';

const withProvider = change =>
    ({...minimal, providers: [{...provider, ...change}]});
const without = key => {
  const {[key]: _, ...rest} = provider;
  return {...minimal, providers: [rest]};
};
const rule = {callers: ['a'], providers: ['*'], permissions: ['READ']};

const cases = [
  ['no value at all', {},
   /keyring\.existingSecret\.name is missing: make a keyring/],
  ['no keyring', {tls: minimal.tls},
   /keyring\.existingSecret\.name is missing: .*token-broker keygen/],
  ['no TLS', {keyring: minimal.keyring},
   /tls\.existingSecret\.name is missing: .*tls\.crt, tls\.key and ca\.crt/],
  ['a client secret', withProvider({client_secret: secret}),
   /providers\[0\] \(google\) holds client_secret: .*existingSecret\.name/],
  ['a client secret instead of its place', withProvider({clientSecret: secret}),
   /\/providers\/0\/clientSecret'?: got string, want object/],
  ['a client secret beside its place',
   withProvider({clientSecret: {value: secret}}),
   /additional properties 'value' not allowed/],
  ['a keyring', {...minimal, keyring: {...minimal.keyring, value: secret}},
   /'\/keyring': additional properties 'value' not allowed/],
  ['a private key', {...minimal, tls: {...minimal.tls, key: secret}},
   /'\/tls': additional properties 'key' not allowed/],
  ['the file of a client secret',
   withProvider({client_secret_file: '/etc/secret'}),
   /client_secret_file: the chart decides .*existingSecret\.name/],
  ['the file of a private key',
   withProvider({private_key_file: '/etc/key'}),
   /private_key_file: the chart decides .*privateKey\.existingSecret\.name/],
  ['the file of a certificate',
   withProvider({certificate_file: '/etc/cert'}),
   /certificate_file: the chart decides .*certificate\.existingSecret\.name/],
  ["a provider's private key", withProvider({private_key: secret}),
   /'\/providers\/0': additional properties 'private_key' not allowed/],
  ["a provider's private key instead of its place",
   withProvider({privateKey: secret}),
   /\/providers\/0\/privateKey'?: got string, want object/],
  ['presets that are nothing', {...minimal, presets: null},
   /missing property 'presets'/],
  ['presets that come from nowhere',
   {...minimal, presets: {existingConfigMap: null}},
   /'\/presets': missing property 'existingConfigMap'/],
  ['the file of authorities', withProvider({ca_file: '/etc/ca.crt'}),
   /ca_file: the chart decides .*existingConfigMap\.name/],
  ['a confidential client without its secret', without('clientSecret'),
   /has no clientSecret: .*token_endpoint_auth_method: none/],
  ['a Secret without a name',
   withProvider({clientSecret: {existingSecret: {key: 'a'}}}),
   /clientSecret\/existingSecret'?: missing property 'name'/],
  ['a provider without a name', without('name'),
   /providers\[0\] has no name: give it one/],
  ['a provider without client_id', without('client_id'),
   /providers\[0\] \(google\) has no client_id: give the client ID/],
  ['a provider without redirect_uris', without('redirect_uris'),
   /providers\[0\] \(google\) has no redirect_uris: list every URI/],
  ['a name in capitals', withProvider({name: 'Google'}),
   /'\/providers\/0\/name': 'Google' does not match pattern/],
  ['a client ID that YAML took for a number', withProvider({client_id: 1234}),
   /'\/providers\/0\/client_id': got number, want string/],
  ['a misspelt key of a provider', withProvider({clientid: 'a'}),
   /'\/providers\/0': additional properties 'clientid' not allowed/],
  ['one name twice', {...minimal, providers: [provider, provider]},
   /providers\[1\] \(google\) has the name of an earlier provider/],
  ['providers as a map', {...minimal, providers: {google: provider}},
   /'\/providers': got object, want array/],
  ['a rule for a provider that is not there',
   {...minimal, access: [{...rule, providers: ['gogle']}]},
   /access\[0\] names the provider "gogle", .*correct the name/],
  ['a permission that does not exist',
   {...minimal, access: [{...rule, permissions: ['WRITE']}]},
   /'\/access\/0\/permissions\/0': value must be one of 'AUTHORIZE'/],
  ['a rule for nobody', {...minimal, access: [{...rule, callers: []}]},
   /'\/access\/0\/callers': minItems: got 0, want 1/],
  ['more than one replica', {...minimal, replicaCount: 2},
   /additional properties 'replicaCount' not allowed/],
  ['a misspelt key of an inner level', {...minimal, image: {tags: 'x'}},
   /'\/image': additional properties 'tags' not allowed/],
  ['a word where a switch belongs',
   {...minimal, serviceAccount: {create: 'no'}},
   /'\/serviceAccount\/create': got string, want boolean/],
  ['a drain without a unit', {...minimal, drain: {delay: 5}},
   /'\/drain\/delay': got number, want string/],
  ['a drain longer than the broker takes',
   {...minimal, drain: {grace: '301s'}},
   /drain\.grace is more than 300s/],
  ['a drain longer than the pod is given',
   {...minimal, terminationGracePeriodSeconds: 30},
   /terminationGracePeriodSeconds is 30 but a stop may take 35: raise it/],
  ['a provider slower than the pod is given', {
    ...withProvider({request_timeout: '60s'}),
    terminationGracePeriodSeconds: 79,
  }, /is 79 but a stop may take 80: raise it/],
  ['a disk that many nodes write',
   {...minimal, persistence: {accessModes: ['ReadWriteMany']}},
   /'\/persistence\/accessModes\/0': value must be one of 'ReadWriteOnce'/],
  ['a digest that is none', {...minimal, image: {digest: 'latest'}},
   /'\/image\/digest': 'latest' does not match pattern/],
  ['a network policy that lets nobody in',
   {...minimal, networkPolicy: {enabled: true}},
   /networkPolicy\.grpcFrom is empty, .*list the peers/],
];

for (const [name, values, sentence] of cases) {
  test(`refuses ${name}`, () => {
    const {status, stdout, stderr} = template(values);
    assert.notEqual(status, 0);
    assert.equal(stdout, '');
    assert.match(stderr, sentence);
    assert.ok(!stderr.includes(secret), 'the message repeats the secret');
  });
}

test('tells all problems at once', () => {
  const {stderr} = template({providers: [{name: 'a'}]});
  for (const part of ['keyring.existingSecret.name', 'tls.existingSecret.name',
                      'no client_id', 'no redirect_uris', 'no clientSecret']) {
    assert.ok(stderr.includes(part), part);
  }
});

test('accepts what Helm adds to the values of a subchart', () => {
  const {status, stderr} =
      template({...minimal, global: {a: 1}, enabled: true});
  assert.equal(status, 0, stderr);
});
