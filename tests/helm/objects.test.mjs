// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';
import {examples, minimal, only, pod, provider, render} from './chart.mjs';

const full = examples['full-values.yaml'];
const container = objects => {
  assert.equal(pod(objects).containers.length, 1);
  assert.equal(pod(objects).initContainers, undefined);
  return pod(objects).containers[0];
};
const seconds = values =>
    pod(render({...minimal, ...values})).terminationGracePeriodSeconds;

for (const [name, values] of Object.entries(examples)) {
  test(`${name} makes no Secret and only kinds that are expected`, () => {
    const expected = ['ConfigMap', 'Service', 'StatefulSet'];
    if (values.serviceAccount?.create !== false) {
      expected.push('ServiceAccount');
    }
    if (values.networkPolicy?.enabled) expected.push('NetworkPolicy');
    assert.deepEqual(
        render(values).map(({kind}) => kind).sort(), expected.sort());
  });

  test(`${name} runs one pod under the restricted security standard`, () => {
    const objects = render(values);
    const {spec} = only(objects, 'StatefulSet');
    assert.equal(spec.replicas, 1);
    assert.equal(spec.updateStrategy.type, 'RollingUpdate');
    assert.deepEqual(pod(objects).securityContext, {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: {type: 'RuntimeDefault'},
    });
    assert.deepEqual(container(objects).securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: {drop: ['ALL']},
    });
    for (const shared of ['hostNetwork', 'hostPID', 'hostIPC']) {
      assert.equal(pod(objects)[shared], undefined);
    }
  });

  test(`${name} gives the pod no token of Kubernetes`, () => {
    const objects = render(values);
    assert.equal(pod(objects).automountServiceAccountToken, false);
    for (const object of objects) {
      if (object.kind !== 'ServiceAccount') continue;
      assert.equal(object.automountServiceAccountToken, false);
      assert.equal(pod(objects).serviceAccountName, object.metadata.name);
    }
  });

  test(`${name} is probed by HTTP on the port named http`, () => {
    const {ports, startupProbe, livenessProbe, readinessProbe} =
        container(render(values));
    assert.deepEqual(ports, [
      {name: 'grpc', containerPort: 7443},
      {name: 'http', containerPort: 7480},
    ]);
    const asks = probe => probe.httpGet;
    assert.deepEqual(asks(startupProbe), {path: '/livez', port: 'http'});
    assert.deepEqual(asks(livenessProbe), {path: '/livez', port: 'http'});
    assert.deepEqual(asks(readinessProbe), {path: '/readyz', port: 'http'});
  });

  test(`${name} selects the pod that it makes`, () => {
    const objects = render(values);
    const {spec, metadata} = only(objects, 'StatefulSet');
    const selector = spec.selector.matchLabels;
    assert.notEqual(Object.keys(selector).length, 0);
    for (const [label, value] of Object.entries(selector)) {
      assert.equal(spec.template.metadata.labels[label], value);
      assert.equal(metadata.labels[label], value);
    }
    const service = only(objects, 'Service');
    assert.deepEqual(service.spec.selector, selector);
    assert.equal(spec.serviceName, service.metadata.name);
    for (const {targetPort} of service.spec.ports) {
      assert.ok(container(objects).ports.some(p => p.name === targetPort));
    }
    assert.ok(objects.every(o => o.metadata.namespace === 'apps'));
  });
}

test('a label of the pod cannot replace one that it is selected by', () => {
  const objects = render(
      {...minimal, podLabels: {'app.kubernetes.io/name': 'x', team: 'a'}});
  const {labels} = only(objects, 'StatefulSet').spec.template.metadata;
  assert.equal(labels['app.kubernetes.io/name'], 'token-broker');
  assert.equal(labels.team, 'a');
});

test('the Service tells proxies that it speaks gRPC', () => {
  const [grpc, http] = only(render(minimal), 'Service').spec.ports;
  assert.equal(grpc.port, 7443);
  assert.equal(grpc.appProtocol, 'grpc');
  assert.equal(http.port, 7480);
});

test('metrics do not leave the cluster', () => {
  for (const type of ['NodePort', 'LoadBalancer']) {
    const {ports} =
        only(render({...minimal, service: {type}}), 'Service').spec;
    assert.deepEqual(ports.map(({name}) => name), ['grpc']);
  }
});

test('the image is the one of the chart, a tag or a digest', () => {
  const image = value => container(render({...minimal, image: value})).image;
  assert.equal(image({}), 'token-broker:0.1.0');
  assert.equal(image({repository: 'r.example/b', tag: 'x'}), 'r.example/b:x');
  const digest = `sha256:${'a'.repeat(64)}`;
  assert.equal(image({tag: 'x', digest}), `token-broker@${digest}`);
});

test('the pod is given the time that a stop may take', () => {
  const providers = [{...provider, request_timeout: '45s'}];
  assert.equal(seconds({}), 5 + 15 + 15);
  assert.equal(seconds({drain: {delay: '20s', grace: '60s'}}), 20 + 60 + 15);
  assert.equal(seconds({providers}), 5 + 45 + 15);
  assert.equal(
      seconds({providers: [provider], drain: {grace: '0s'}}), 5 + 15 + 15);
  const odd = [{...provider, request_timeout: '20001ms'}];
  assert.equal(seconds({providers: odd}), 5 + 21 + 15);
  assert.equal(seconds({terminationGracePeriodSeconds: 120}), 120);
});

test('the claim is kept unless it is said otherwise', () => {
  const {spec} = only(render(minimal), 'StatefulSet');
  assert.deepEqual(
      spec.persistentVolumeClaimRetentionPolicy,
      {whenDeleted: 'Retain', whenScaled: 'Retain'});
  const [claim] = spec.volumeClaimTemplates;
  assert.equal(claim.metadata.name, 'data');
  assert.deepEqual(claim.spec, {
    accessModes: ['ReadWriteOnce'],
    resources: {requests: {storage: '8Gi'}},
  });
  const other = only(render(full), 'StatefulSet').spec;
  const {whenDeleted} = other.persistentVolumeClaimRetentionPolicy;
  assert.equal(whenDeleted, 'Delete');
  assert.equal(other.volumeClaimTemplates[0].spec.storageClassName, 'fast');
});

test('an existing claim is used instead of a new one', () => {
  const objects = render({...minimal, persistence: {existingClaim: 'mine'}});
  const {spec} = only(objects, 'StatefulSet');
  assert.equal(spec.volumeClaimTemplates, undefined);
  assert.deepEqual(
      pod(objects).volumes.find(({name}) => name === 'data'),
      {name: 'data', persistentVolumeClaim: {claimName: 'mine'}});
});

test('the network policy allows callers, metrics, DNS and providers', () => {
  const {spec} = only(render(full), 'NetworkPolicy');
  const {networkPolicy} = full;
  assert.deepEqual(spec.policyTypes, ['Ingress', 'Egress']);
  assert.deepEqual(spec.ingress, [
    {from: networkPolicy.grpcFrom, ports: [{port: 7443, protocol: 'TCP'}]},
    {from: networkPolicy.metricsFrom, ports: [{port: 7480, protocol: 'TCP'}]},
  ]);
  assert.deepEqual(spec.egress.flatMap(({ports}) => ports), [
    {port: 53, protocol: 'UDP'},
    {port: 53, protocol: 'TCP'},
    {port: 443, protocol: 'TCP'},
    {port: 8443, protocol: 'TCP'},
  ]);
});

test('whatever else is set for the pod arrives there', () => {
  const objects = render(full);
  const spec = pod(objects);
  for (const key of ['imagePullSecrets', 'priorityClassName', 'nodeSelector',
                     'tolerations', 'affinity']) {
    assert.deepEqual(spec[key], full[key], key);
  }
  assert.deepEqual(container(objects).env, full.extraEnv);
  assert.deepEqual(container(objects).resources, full.resources);
  assert.equal(container(objects).imagePullPolicy, 'Always');
  const {annotations} = only(objects, 'StatefulSet').spec.template.metadata;
  assert.equal(annotations['prometheus.io/port'], '7480');
});

test('names stay short enough for the labels that Kubernetes adds', () => {
  const objects = render(minimal, 'r'.repeat(53));
  for (const {metadata} of objects) assert.ok(metadata.name.length <= 52);
});
