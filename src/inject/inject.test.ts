import { describe, expect, it } from 'vitest';
import { ownerOfPod } from './owner.ts';
import type { PodTemplate } from './pod.ts';
import { configWith, inject, injected, podFrom } from './testing.ts';

const annotationsOf = (pod: PodTemplate): Record<string, string> => pod.metadata.annotations ?? {};

describe('order', () => {
  it('redirects after the init containers of the pod', () => {
    const pod = injected(podFrom('{}', '{initContainers: [{name: first}, {name: second}], containers: [{name: app}, {name: other}]}'));
    expect(pod.spec.initContainers?.map(({ name }) => name)).toEqual(['first', 'second', 'istio-init']);
    expect(pod.spec.containers.map(({ name }) => name)).toEqual(['app', 'other', 'istio-proxy']);
  });
});

it('a volume of the user is not ours, whatever its name', () => {
  const pod = injected(podFrom('{}', '{volumes: [{name: istio-podinfo, emptyDir: {}}], containers: [{name: app}]}'));
  expect(pod.spec.volumes?.filter(({ name }) => name === 'istio-podinfo')).toEqual([{ name: 'istio-podinfo', emptyDir: {} }]);
  expect(JSON.parse(annotationsOf(pod)['sidecar.istio.io/status'] ?? '').volumes).toEqual(['istio-token', 'istiod-ca-cert']);
});

describe('what is no pod', () => {
  it.each([
    ['no spec', { metadata: {} }, 'spec is missing'],
    ['containers as a map', { spec: { containers: {} } }, 'spec.containers is a map'],
    ['a container that is null', { spec: { containers: [null] } }, 'spec.containers[0] is null'],
    ['a container without a name', { spec: { containers: [{}] } }, 'spec.containers[0].name is missing'],
    ['a label that is a number', { metadata: { labels: { a: 1 } }, spec: { containers: [] } }, 'metadata.labels.a has to be text'],
    ['variables as a map', { spec: { containers: [{ name: 'a', env: {} }] } }, 'spec.containers[0].env is a map'],
    ['a probe that is a text', { spec: { containers: [{ name: 'a', livenessProbe: 'x' }] } }, 'livenessProbe is "x"'],
    ['an action that is a text', { spec: { containers: [{ name: 'a', livenessProbe: { httpGet: 'x' } }] } }, 'httpGet is "x"'],
    ['a hook that is a list', { spec: { containers: [{ name: 'a', lifecycle: { preStop: [] } }] } }, 'preStop is a list'],
    ['volumes without names', { spec: { containers: [], volumes: [{}] } }, 'spec.volumes[0].name'],
    ['secrets as texts', { spec: { containers: [], imagePullSecrets: ['a'] } }, 'imagePullSecrets[0] is "a"'],
  ])('%s', (_, pod, text) => {
    expect(() => inject(pod as PodTemplate)).toThrow(text);
  });

  it('null is what is not there', () => {
    const pod = injected(
      podFrom('{labels: null, annotations: null}', '{initContainers: null, volumes: null, containers: [{name: app, env: null, livenessProbe: null}]}'),
    );
    expect(pod.spec.containers[0]).toEqual({ name: 'app' });
  });
});

it('does not change what it is given', () => {
  const pod = podFrom('{labels: {app: web}, annotations: {prometheus.io/port: "80"}}', '{containers: [{name: app, livenessProbe: {tcpSocket: {port: 1}}}]}');
  const before = structuredClone(pod);
  const config = configWith({ templates: { mine: 'spec: {dnsPolicy: None}' }, defaultTemplates: ['sidecar', 'mine'] });
  const configBefore = structuredClone(config);
  injected(pod, config);
  expect(pod).toEqual(before);
  expect(config).toEqual(configBefore);
});

it.each([
  ['nobody', '{name: p}', 'Pod', 'p'],
  ['a name that is still to come', '{generateName: p-}', 'Pod', 'p'],
  [
    'a Deployment',
    '{labels: {pod-template-hash: abc12}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-abc12, controller: true}]}',
    'Deployment',
    'web',
  ],
  ['a ReplicaSet', '{ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-abc12, controller: true}]}', 'ReplicaSet', 'web-abc12'],
  ['a Job', '{ownerReferences: [{apiVersion: batch/v1, kind: Job, name: backup, controller: true}]}', 'Job', 'backup'],
  ['a CronJob', '{ownerReferences: [{apiVersion: batch/v1, kind: Job, name: backup-28123456, controller: true}]}', 'CronJob', 'backup'],
  [
    'a DeploymentConfig',
    '{labels: {deploymentconfig: web}, ownerReferences: [{apiVersion: v1, kind: ReplicationController, name: web-1, controller: true}]}',
    'DeploymentConfig',
    'web',
  ],
  ['an owner that does not control', '{name: p, ownerReferences: [{apiVersion: v1, kind: Job, name: x}]}', 'Pod', 'p'],
  ['references that are none', '{name: p, ownerReferences: {a: b}}', 'Pod', 'p'],
])('a pod made by %s', (_, metadata, kind, name) => {
  expect(ownerOfPod(podFrom(metadata).metadata)).toMatchObject({ kind, name });
});
