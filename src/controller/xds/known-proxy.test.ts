import { expect, it } from 'vitest';
import { meshOf } from '../../analysis/testing.ts';
import { XdsRefusal } from '../../envoy/xds/view.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import { knownProxy } from './known-proxy.ts';

const options = { defaultNamespace: 'shop', templates: true } as const;

const mesh = meshOf(
  `
apiVersion: v1
kind: Node
metadata: { name: node1, labels: { topology.kubernetes.io/region: r1, topology.kubernetes.io/zone: z1 } }
---
apiVersion: v1
kind: Pod
metadata: { name: cart, namespace: shop, labels: { app: cart } }
spec: { nodeName: node1, serviceAccountName: carts, containers: [{ name: a, image: a }] }
status: { podIP: 10.0.0.1 }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec: { selector: { istio: edge }, servers: [] }
`,
  options,
);

const proxy = (some: Partial<ProxyIdentity>): ProxyIdentity => ({
  role: 'sidecar',
  namespace: 'shop',
  name: 'cart',
  labels: {},
  serviceAccount: 'default',
  locality: { region: '', zone: '', subzone: '' },
  addresses: [],
  ...some,
});

it.each<[string, Partial<ProxyIdentity>, Partial<ProxyIdentity>]>([
  [
    'what it leaves out is that of its workload',
    {},
    { labels: { app: 'cart' }, serviceAccount: 'carts', locality: { region: 'r1', zone: 'z1', subzone: '' }, addresses: ['10.0.0.1'] },
  ],
  ['what it says counts', { labels: { app: 'x' } }, { labels: { app: 'x' }, serviceAccount: 'default', addresses: [] }],
  [
    'the rest of what it says counts, too',
    { serviceAccount: 'own', locality: { region: 'r2', zone: '', subzone: '' }, addresses: ['10.9.9.9'] },
    { labels: { app: 'cart' }, serviceAccount: 'own', locality: { region: 'r2', zone: '', subzone: '' }, addresses: ['10.9.9.9'] },
  ],
  ['a workload that is not in the manifests', { name: 'other' }, { labels: {}, name: 'other' }],
  ['no name', { name: '' }, { labels: {}, name: '' }],
  ['a gateway by the name of its resource', { role: 'gateway', name: 'edge' }, { role: 'gateway', labels: { istio: 'edge' } }],
  ['a gateway with labels', { role: 'gateway', name: 'none', labels: { a: 'b' } }, { labels: { a: 'b' } }],
])('%s', (_, said, expected) => {
  expect(knownProxy(proxy(said), mesh, 'manifests')).toMatchObject(expected);
});

it.each<[string, Partial<ProxyIdentity>, Partial<ProxyIdentity>]>([
  [
    'a pod of a cluster: its labels of now, the locality of its node, and its own addresses',
    { labels: { app: 'old' }, addresses: ['10.0.0.1', 'fd00::1'] },
    { labels: { app: 'cart' }, serviceAccount: 'carts', locality: { region: 'r1', zone: 'z1', subzone: '' }, addresses: ['10.0.0.1', 'fd00::1'] },
  ],
  ['one that the controller has not heard of yet', { name: 'new', labels: { app: 'x' } }, { name: 'new', labels: { app: 'x' } }],
  ['a gateway with labels and the name of a Gateway', { role: 'gateway', name: 'edge', labels: { a: 'b' } }, { name: 'edge', labels: { a: 'b' } }],
])('%s', (_, said, expected) => {
  expect(knownProxy(proxy(said), mesh, 'cluster')).toMatchObject(expected);
});

it('a gateway that the mesh does not have is refused, with those that they have', () => {
  const refused = (): unknown => knownProxy(proxy({ role: 'gateway', name: 'egde' }), mesh, 'manifests');
  expect(refused).toThrow(XdsRefusal);
  expect(refused).toThrow('the manifests have no gateway shop/egde. Did you mean shop/edge? They have: shop/edge.');
  expect(() => knownProxy(proxy({ role: 'gateway', name: 'egde' }), mesh, 'cluster')).toThrow(
    'the cluster has no gateway shop/egde. Did you mean shop/edge? It has: shop/edge.',
  );
});
