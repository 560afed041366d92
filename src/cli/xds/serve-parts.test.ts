import { expect, it } from 'vitest';
import { plainStyle } from '../../analysis/report/style.ts';
import { XdsRefusal } from '../../envoy/xds/view.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import { loadSource } from '../../manifest/load.ts';
import { Mesh } from '../../model/mesh.ts';
import { defaultMeshConfig } from '../../model/mesh-config.ts';
import { knownProxy } from './known-proxy.ts';
import { listenAddress } from './listen-address.ts';
import { serveSummary } from './summary.ts';
import { WarnOnce } from './warn-once.ts';

const meshOf = (text: string): Mesh =>
  new Mesh(loadSource({ name: 'mesh.yaml', text, json: false }, { defaultNamespace: 'shop' }).resources, {
    assume: 'complete',
    istioNamespace: 'istio-system',
    templates: true,
    knownHosts: [],
    now: new Date(0),
    meshConfig: defaultMeshConfig('istio-system'),
  });

const mesh = meshOf(`
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
`);

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
  expect(knownProxy(proxy(said), mesh)).toMatchObject(expected);
});

it('a gateway that the manifests do not have is refused, with those that they have', () => {
  const refused = (): unknown => knownProxy(proxy({ role: 'gateway', name: 'egde' }), mesh);
  expect(refused).toThrow(XdsRefusal);
  expect(refused).toThrow('the manifests have no gateway shop/egde. Did you mean shop/edge? They have: shop/edge.');
});

it('what is wrong is said once, and again when it was right in between', () => {
  const said: string[] = [];
  const warnings = new WarnOnce((text) => said.push(text));
  for (const lines of [['a', 'b'], ['a'], ['c']]) warnings.say(lines);
  expect(said.splice(0)).toEqual(['a', 'b', 'c']);
  warnings.next();
  warnings.say(['a', 'd']);
  expect(said.splice(0)).toEqual(['d']);
  warnings.next();
  warnings.say(['a', 'b']);
  expect(said).toEqual(['b']);
});

it.each([
  ['127.0.0.1:15010', true, '127.0.0.1:15010'],
  ['127.0.0.1:0', true, '127.0.0.1:15010'],
  ['localhost:0', true, 'localhost:15010'],
  ['[::1]:0', true, '[::1]:15010'],
  ['0.0.0.0:0', false, '127.0.0.1:15010'],
  ['[::]:0', false, '[::1]:15010'],
  ['10.0.0.1:1', false, '10.0.0.1:15010'],
  ['unix:/run/xds.sock', true, 'unix:/run/xds.sock'],
])('%s: local: %s, clients use %s', (text, isLocal, reached) => {
  const address = listenAddress(text);
  expect([address.isLocal, address.withPort(15010)]).toEqual([isLocal, reached]);
});

it('tells a person how proxies get their configuration', () => {
  const flags = { filename: ['mesh/', 'more.yaml'], watch: true };
  expect(
    serveSummary({ address: '127.0.0.1:15010', mesh, resources: 3, flags }, plainStyle),
  ).toBe(`weft xds serve: 127.0.0.1:15010, 3 resources from mesh/, more.yaml

  Envoy     weft proxy bootstrap --xds-address 127.0.0.1:15010 --proxy shop/cart > envoy.json && envoy -c envoy.json
  embedded  weft proxy run --xds-address 127.0.0.1:15010 --proxy shop/cart
  status    weft proxy-status --xds-address 127.0.0.1:15010

Serving. Changes of the manifests are sent as they come. Ctrl-C ends it.
`);
  const other = serveSummary({ address: 'a:1', mesh: meshOf(''), resources: 1, flags: { filename: ['a.yaml'], watch: false } }, plainStyle);
  expect(other).toContain('a:1, 1 resource from a.yaml\n');
  expect(other).toContain('--proxy NAMESPACE/NAME --labels app=NAME\n');
  expect(other).toContain('\nServing. Ctrl-C ends it.\n');
});
