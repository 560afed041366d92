import { describe, expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import type { ProxyIdentity } from '../ir/table.ts';
import { cart, object, proxyIn, rule } from './clusters/testing.ts';
import { routingTable, viewKey } from './table.ts';
import { doc, svc, to, vs } from './testing.ts';

const at = (node: string, i: number): string =>
  `${object('Pod', `p${i}`, 'shop', `nodeName: ${node}, containers: []`, `labels: {app: cart, version: v${i}}`)}status: {podIP: 10.1.0.${i}}\n`;
const onNode = (name: string, node: string): string => object('Pod', name, 'shop', `nodeName: ${node}, containers: []`);
const policy = (written: string): string => rule(`host: cart, trafficPolicy: {outlierDetection: {}, loadBalancer: {localityLbSetting: {${written}}}}`);
const local = cart.replace('spec: {', 'spec: {internalTrafficPolicy: Local, ');
const headless = cart.replace('spec: {', 'spec: {clusterIP: None, ');
const gateway = doc('Gateway', 'edge/public', 'selector: {istio: ingress}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]');

const one: ProxyIdentity = proxyIn('shop', { name: 'one', labels: { app: 'web', version: 'v1' }, addresses: ['10.9.0.1'], locality: 'r1/z1' });
const atEdge: ProxyIdentity = proxyIn('edge', { role: 'gateway', labels: { istio: 'ingress', app: 'x' } });

describe('proxies share a table', () => {
  it.each<[string, string[], Partial<ProxyIdentity>]>([
    ['with other names and accounts', [], { name: 'two', serviceAccount: 'other' }],
    ['with labels that nothing selects by', [rule('host: cart, workloadSelector: {matchLabels: {app: other}}')], { labels: { app: 'shop', other: 'x' } }],
    ['of another namespace select by', [rule('host: cart, workloadSelector: {matchLabels: {app: web}}', 'x', 'pay')], { labels: {} }],
    ['with addresses that have no listeners', [headless, at('n1', 1)], { addresses: ['10.9.0.2'] }],
    ['at other places where nothing asks for them', [at('n1', 1)], { locality: { region: 'r2', zone: '', subzone: '' } }],
    ['on other nodes where traffic goes to all', [at('n1', 1), onNode('one', 'n1'), onNode('two', 'n2')], { name: 'two' }],
  ])('%s', (_, documents, changes) => {
    const mesh = meshOf((documents.includes(headless) ? documents : [cart, ...documents]).join('---\n'));
    const two = { ...one, ...changes };
    expect(viewKey(mesh, two)).toBe(viewKey(mesh, one));
    expect(routingTable(mesh, two).clusters).toBe(routingTable(mesh, one).clusters);
    expect(routingTable(mesh, two).proxy).toBe(two);
  });
});

describe('proxies are told apart by', () => {
  it.each<[string, string[], ProxyIdentity, Partial<ProxyIdentity>]>([
    ['their namespace', [cart], one, { namespace: 'pay' }],
    ['labels of matches', [cart, vs('shop/cart', 'cart', `http: [{match: [{sourceLabels: {app: web}}], ${to('cart')}}]`)], one, { labels: { app: 'shop' } }],
    [
      'labels of rules',
      [cart, rule('host: cart, workloadSelector: {matchLabels: {app: web}}, trafficPolicy: {connectionPool: {tcp: {maxConnections: 3}}}')],
      one,
      { labels: {} },
    ],
    ['labels of Sidecars', [cart, doc('Sidecar', 'shop/s', 'workloadSelector: {labels: {version: v1}}, egress: [{hosts: ["pay/*"]}]')], one, { labels: {} }],
    ['labels that endpoints are compared with', [cart, policy('failoverPriority: [version]'), at('n1', 1), at('n1', 2)], one, { labels: { version: 'v2' } }],
    ['their place', [cart, policy('distribute: [{from: r1/*, to: {r1/*: 100}}]'), at('n1', 1)], one, { locality: { region: 'r2', zone: '', subzone: '' } }],
    ['their node', [local, at('n1', 1), at('n2', 2), onNode('one', 'n1'), onNode('two', 'n2')], one, { name: 'two' }],
    ['addresses that have listeners', [headless, at('n1', 1)], one, { addresses: ['10.1.0.1'] }],
    [
      'the family of their addresses',
      [cart, doc('ServiceEntry', 'shop/e', 'hosts: [ext.example.com], ports: [{number: 80, name: http, protocol: HTTP}], resolution: DNS')],
      one,
      { addresses: ['fd00::1'] },
    ],
    ['what their workloads receive', [cart], one, { labels: { app: 'cart' } }],
    ['labels of Gateways', [gateway], atEdge, { labels: { app: 'x' } }],
    [
      'labels of Services before gateways',
      [gateway, doc('Service', 'edge/lb', 'selector: {app: x}, ports: [{port: 80, targetPort: 8080}]')],
      atEdge,
      { labels: { istio: 'ingress' } },
    ],
    [
      'ports of gateways with names',
      [
        gateway,
        doc('Service', 'edge/lb', 'selector: {app: x}, ports: [{port: 80, targetPort: web}]'),
        object('Pod', 'g', 'edge', 'containers: [{ports: [{name: web, containerPort: 8081}]}]', 'labels: {app: x}'),
      ],
      atEdge,
      { name: 'g' },
    ],
  ])('%s', (_, documents, proxy, changes) => {
    const mesh = meshOf(documents.join('---\n'));
    const other = { ...proxy, ...changes };
    expect(viewKey(mesh, other)).not.toBe(viewKey(mesh, proxy));
    const [a, b] = [proxy, other].map((who) => JSON.stringify({ ...routingTable(mesh, who), proxy: undefined }));
    expect(a).not.toBe(b);
  });
});

it('namespaces that see the same have the same clusters, and virtual hosts but for short names', () => {
  const mesh = meshOf([svc('shop/cart http:80 10.0.0.1'), svc('pay/pay http:80 10.0.0.2'), svc('ops/jobs http:80 10.0.0.3')].join('---\n'));
  const [a, b] = [routingTable(mesh, proxyIn('shop')), routingTable(mesh, proxyIn('pay'))];
  const hosts = (table: typeof a): readonly unknown[] => table.routes.find(({ name }) => name === '80')?.virtualHosts ?? [];
  expect(b.clusters).toBe(a.clusters);
  expect(hosts(a).filter((host) => hosts(b).includes(host)).length).toBe(2);
});

it('the end of a chain of names is looked for again', () => {
  const alias = (name: string, end: string): string =>
    doc('Service', `shop/${name}`, `type: ExternalName, externalName: ${end}, ports: [{port: 80, name: http}]`);
  const documents = [svc('shop/a http:80 10.0.0.1'), svc('shop/b http:80 10.0.0.2'), alias('x', 'z.shop.svc.cluster.local')];
  const [first, second] = ['a', 'b'].map((name) => meshOf([...documents, alias('z', `${name}.shop.svc.cluster.local`)].join('---\n')));
  if (!first || !second) throw new Error('two meshes');
  routingTable(first, one);
  const changed = first.with([{ before: first.find('Service', 'shop', 'z'), after: second.find('Service', 'shop', 'z') }]);
  expect(JSON.stringify(routingTable(changed, one))).toBe(JSON.stringify(routingTable(second, one)));
});
