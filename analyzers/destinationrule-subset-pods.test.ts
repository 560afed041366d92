import { expect, it } from 'vitest';
import { findingsOf, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './destinationrule-subset-pods.ts';

const service = (selector = '{app: cart}'): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\nspec: {selector: ${selector}, ports: [{port: 80}]}`;
const entry = (spec: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: db, namespace: shop}\nspec: {hosts: [db.example], ${spec}}`;
const pod = (labels: string, namespace = 'shop', spec = '{}'): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: p-${namespace}, namespace: ${namespace}, labels: {${labels}}}\nspec: ${spec}`;
const workloadEntry = (labels: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {name: vm, namespace: shop}\nspec: {address: 10.0.0.1, labels: {${labels}}}`;
const deployment =
  'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: cart, namespace: shop}\nspec: {template: {metadata: {labels: {app: cart, version: v1}}}}';
const rule = (host: string, ...subsets: string[]): string =>
  `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r, namespace: shop}\nspec: {host: "${host}", subsets: [${subsets.map((s) => `{${s}}`).join()}]}`;
const v1 = 'name: v1, labels: {version: v1}';
const run = (yaml: string[], options: TestOptions = {}): string[] =>
  findingsOf(analyzer, yaml.join('\n---\n'), options).map((f) => `${f.code} ${f.path?.slice(1).join('.')} ${f.text}`);
const noPods = 'IST0173 subsets.0.labels subset v1 selects no pods (none has the labels version=v1), so requests to it get 503';
const node = 'apiVersion: v1\nkind: Node\nmetadata: {name: n1, labels: {topology.kubernetes.io/zone: a, topology.kubernetes.io/region: ""}}';

it.each([
  ['a pod', [service(), pod('app: cart, version: v1'), rule('cart', v1)], []],
  ['no pod', [service(), pod('app: cart, version: v2'), rule('cart', v1)], [noPods]],
  ['a pod of another namespace', [service(), pod('version: v1', 'front'), rule('cart', v1)], []],
  ['no labels, no pods', [service(), rule('cart', 'name: all')], ['IST0173 subsets.0.name subset all selects no pods, so requests to it get 503']],
  ['no labels, a pod', [service(), pod('app: x'), rule('cart', 'name: all')], []],
  ['a name twice: the last counts', [service(), pod('version: v1'), rule('cart', 'name: v1, labels: {version: x}', v1)], []],
  ['the workload selector of a service entry', [entry('workloadSelector: {labels: {app: db}}'), pod('version: v1'), rule('db.example', v1)], [noPods]],
  ['both', [entry('workloadSelector: {labels: {app: db}}'), pod('version: v1, app: db'), rule('db.example', v1)], []],
  [
    'the zone of the node',
    [service(), node, pod('app: cart', 'shop', '{nodeName: n1}'), rule('cart', 'name: a, labels: {topology.kubernetes.io/zone: a}')],
    [],
  ],
  ['the node', [service(), node, pod('app: cart', 'shop', '{nodeName: n1}'), rule('cart', 'name: a, labels: {kubernetes.io/hostname: n1}')], []],
  [
    'an empty region',
    [service(), node, pod('app: cart', 'shop', '{nodeName: n1}'), rule('cart', 'name: a, labels: {topology.kubernetes.io/region: ""}')],
    ['IST0173 subsets.0.labels subset a selects no pods (none has the labels topology.kubernetes.io/region=), so requests to it get 503'],
  ],
  ['an unknown host', [rule('cart', v1)], ['IST0174 host no service of the mesh has host cart of this destination rule']],
  ['no host', [rule('')], ['IST0174 host no service of the mesh has host "" of this destination rule']],
  ['null subsets', [service(), pod('app: cart'), rule('cart').replace('[]', '[null]')], []],
])('%s', (_, yaml, expected) => expect(run(yaml)).toEqual(expected));

it.each([
  ['a pod that the service does not select', [service(), pod('app: x, version: v1'), rule('cart', v1)], 0, 1],
  ['a pod of another namespace', [service(), pod('app: cart, version: v1', 'front'), rule('cart', v1)], 0, 1],
  ['a service without a selector', [service('{}'), rule('cart', v1)], 1, 0],
  ['a workload entry', [entry('workloadSelector: {labels: {app: db}}'), workloadEntry('app: db, version: v1'), rule('db.example', v1)], 1, 0],
  ['an endpoint of the service entry', [entry('endpoints: [null, {address: a, labels: {version: v1}}]'), rule('db.example', v1)], 1, 0],
  ['other endpoints of the service entry', [entry('endpoints: [{address: a, labels: {version: v2}}]'), rule('db.example', v1)], 1, 1],
  ['no endpoints and no labels', [entry('resolution: DNS'), rule('db.example', 'name: all')], 1, 0],
  ['the cluster of the endpoint', [service(), pod('app: cart'), rule('cart', 'name: a, labels: {topology.istio.io/cluster: a}')], 1, 0],
  ['a Deployment', [service(), deployment, rule('cart', v1)], 1, 0],
  ['a wildcard over services', [service(), rule('*.shop.svc.cluster.local')], 1, 0],
  ['a wildcard over nothing', [service(), rule('*.front.svc.cluster.local')], 1, 1],
])('is right where the reference is not: %s', (_, yaml, reference, recommended) => {
  expect(run(yaml)).toHaveLength(reference);
  expect(run(yaml, { preset: 'recommended' })).toHaveLength(recommended);
});

it.each([
  ['no Services', [rule('cart', v1)], 0],
  ['no pods', [service(), rule('cart', v1)], 0],
  ['an external host', [service(), rule('db.example')], 0],
  ['a service that is not there', [service(), rule('other')], 1],
])('says only what is known: %s', (_, yaml, count) => expect(run(yaml, { assume: 'auto' })).toHaveLength(count));
