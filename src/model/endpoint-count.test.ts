import { expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import { endpointCount } from './endpoint-count.ts';
import type { Labels } from './label-index.ts';

const object = (apiVersion: string, kind: string, name: string, rest: string): string =>
  `---\n{apiVersion: ${apiVersion}, kind: ${kind}, ${rest.replace('metadata: {', `metadata: {name: ${name}, namespace: shop, `)}}\n`;
const service = (spec: string): string => object('v1', 'Service', 'cart', `metadata: {}, spec: {${spec}}`);
const selects = service('selector: {app: cart}, ports: [{port: 80}]');
const pod = (name: string, labels: string, more = ''): string => object('v1', 'Pod', name, `metadata: {labels: {${labels}}${more}}, spec: {}`);
const owner = (kind: string, name: string, labels: string, spec: string, more = ''): string =>
  object('apps/v1', kind, name, `metadata: {labels: {}${more}}, spec: {${spec} template: {metadata: {labels: {${labels}}}}}`);
const owned = ', ownerReferences: [{kind: ReplicaSet, name: x}]';
const entry = (spec: string): string =>
  object('networking.istio.io/v1', 'ServiceEntry', 'pay', `metadata: {}, spec: {hosts: [pay.example], ports: [{number: 80, name: http}], ${spec}}`);
const machines = '[{address: 10.0.0.1, labels: {v: "1"}}, null, {address: 10.0.0.2}]';

it.each<[string, string, Labels, number | undefined]>([
  ['replicas', selects + owner('Deployment', 'a', 'app: cart, v: "1"', 'replicas: 3,'), {}, 3],
  [
    'replicas of a subset',
    selects + owner('Deployment', 'a', 'app: cart, v: "1"', 'replicas: 3,') + owner('StatefulSet', 'b', 'app: cart, v: "2"', 'replicas: 2,'),
    { v: '2' },
    2,
  ],
  ['replicas that nobody writes', selects + owner('Deployment', 'a', 'app: cart', ''), {}, undefined],
  ['one for each node', selects + owner('DaemonSet', 'a', 'app: cart', ''), {}, undefined],
  ['pods', selects + pod('a', 'app: cart') + pod('b', 'app: cart') + pod('c', 'app: other'), {}, 2],
  [
    'pods with their owners',
    selects +
      owner('Deployment', 'a', 'app: cart', 'replicas: 3,') +
      owner('ReplicaSet', 'a-1', 'app: cart', 'replicas: 3,', owned) +
      pod('a', 'app: cart', owned),
    {},
    1,
  ],
  [
    'an owner with its owner',
    selects + owner('Deployment', 'a', 'app: cart', 'replicas: 3,') + owner('ReplicaSet', 'a-1', 'app: cart', 'replicas: 3,', owned),
    {},
    3,
  ],
  ['labels that no pod of the service has', selects + pod('a', 'app: other'), { app: 'other' }, 0],
  ['labels of the place', selects + pod('a', 'app: cart'), { 'topology.kubernetes.io/zone': 'a' }, undefined],
  ['a service without a selector', service('ports: [{port: 80}]'), {}, undefined],
  ['a headless service', service('selector: {app: cart}, clusterIP: None') + pod('a', 'app: cart'), {}, undefined],
  [
    'a virtual machine',
    selects + object('networking.istio.io/v1', 'WorkloadEntry', 'vm', 'metadata: {}, spec: {address: 10.0.0.1, labels: {app: cart}}'),
    {},
    1,
  ],
  [
    'a group of virtual machines',
    selects + object('networking.istio.io/v1', 'WorkloadGroup', 'vm', 'metadata: {}, spec: {metadata: {labels: {app: cart}}, template: {}}'),
    {},
    undefined,
  ],
  ['endpoints', entry(`resolution: STATIC, endpoints: ${machines}`), {}, 2],
  ['endpoints of a subset', entry(`resolution: STATIC, endpoints: ${machines}`), { v: '1' }, 1],
  ['names', entry('resolution: DNS, endpoints: [{address: a.example}]'), {}, undefined],
  ['endpoints of several addresses', entry(`resolution: STATIC, addresses: [10.1.0.1, 10.1.0.2], endpoints: ${machines}`), {}, undefined],
  ['selected endpoints', entry('resolution: STATIC, workloadSelector: {labels: {app: pay}}') + pod('a', 'app: pay'), {}, 1],
])('%s', (_, yaml, subset, count) => {
  const mesh = meshOf(yaml, { preset: 'recommended' });
  const host = [...mesh.hosts.all()][0];
  expect(host && endpointCount(mesh, host, subset)).toBe(count);
});

it('two entries of one host', () => {
  const mesh = meshOf(
    entry(`resolution: STATIC, endpoints: ${machines}`) + entry(`resolution: STATIC, endpoints: ${machines}`).replace('name: pay', 'name: pay-2'),
    { preset: 'recommended' },
  );
  expect(endpointCount(mesh, [...mesh.hosts.all()][0] as never, {})).toBeUndefined();
});
