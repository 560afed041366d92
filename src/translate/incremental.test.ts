// A mesh that is changed step by step has the tables of one that is made at once.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documentsOf, endpointSlice, virtualService } from '../../bench/xds/mesh.ts';
import { meshObjects, type RandomObject } from '../../test/envoy/mesh-arbitrary.ts';
import { validMesh } from '../../test/envoy/valid-mesh.ts';
import { meshOf } from '../analysis/testing.ts';
import type { ProxyIdentity, RoutingTable } from '../ir/table.ts';
import { loadSource } from '../manifest/load.ts';
import type { Resource } from '../manifest/resource.ts';
import { Mesh } from '../model/mesh.ts';
import { proxyIn } from './clusters/testing.ts';
import { routingTable } from './table.ts';
import { doc, svc, to, vs } from './testing.ts';

const proxies: readonly ProxyIdentity[] = [
  proxyIn('shop', { labels: { app: 'cart' }, addresses: ['10.1.0.1'], name: 'pod-0', locality: 'r1/z1' }),
  proxyIn('shop', { labels: { app: 'pay', version: 'v1' }, addresses: ['10.1.0.2'], name: 'pod-1' }),
  proxyIn('ops', { labels: { app: 'admin' }, addresses: ['10.9.0.1'] }),
  proxyIn('edge', { role: 'gateway', labels: { istio: 'ingress' }, addresses: ['10.0.0.9'] }),
];

const idOf = ({ kindName, namespace, name }: Resource): string => `${kindName} ${namespace}/${name}`;

function resourcesOf(mesh: Mesh, objects: readonly RandomObject[]): Resource[] {
  const kinds = new Set(objects.map(({ kind }) => kind));
  return [...kinds].flatMap((kind) => [...(mesh.list(kind) as readonly Resource[])]);
}

/** `0`: as in the first mesh, `1`: as in the second, `2`: not there. */
const step = fc.record({ which: fc.nat(), how: fc.constantFrom(0, 1, 2) });

describe('tables of changed meshes', () => {
  it('are those of the mesh as it is', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(meshObjects, meshObjects, fc.array(step, { minLength: 1, maxLength: 12 }), async (one, other, steps) => {
        const made = [await validMesh(one), await validMesh(other)] as const;
        const [first, second] = made.map(({ mesh, objects }) => new Map(resourcesOf(mesh, objects).map((resource) => [idOf(resource), resource]))) as [
          Map<string, Resource>,
          Map<string, Resource>,
        ];
        const ids = [...new Set([...first.keys(), ...second.keys()])];
        const { options } = made[0].mesh;
        let resources = [...first.values()];
        let mesh = new Mesh(resources, options);
        for (const proxy of proxies) routingTable(mesh, proxy);
        for (const { which, how } of steps) {
          const id = ids[which % ids.length] as string;
          const before = resources.find((resource) => idOf(resource) === id);
          const after = [first, second][how]?.get(id);
          if (before === after) continue;
          resources = before ? resources.flatMap((resource) => (resource === before ? (after ?? []) : [resource])) : [...resources, ...(after ? [after] : [])];
          mesh = mesh.with([{ before, after }]);
          const scratch = new Mesh(resources, options);
          for (const proxy of proxies) expect(routingTable(mesh, proxy)).toEqual(routingTable(scratch, proxy));
        }
      }),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 100) },
    );
  });
});

const client = proxyIn('shop', { addresses: ['10.9.9.9'], labels: { app: 'x' } });

function read(text: string): Resource {
  return loadSource({ name: 'changed.yaml', text, json: false }, { defaultNamespace: 'default' }).resources[0] as Resource;
}

/** What is another object than before, by name. */
function changed(before: RoutingTable, after: RoutingTable): string[] {
  const others = <T extends { name: string }>(old: readonly T[], made: readonly T[]): string[] =>
    made.filter((one) => !old.includes(one)).map(({ name }) => name);
  const hosts = (table: RoutingTable) => table.routes.flatMap(({ virtualHosts }) => virtualHosts);
  return [
    ...others(before.listeners, after.listeners),
    ...others(before.clusters, after.clusters),
    ...others(before.routes, after.routes),
    ...others(hosts(before), hosts(after)),
  ];
}

describe('a change', () => {
  const yaml = Array.from({ length: 5 }, (_, i) => documentsOf(i))
    .flat()
    .join('---\n');
  const host = 'svc-3.ns-0.svc.cluster.local';

  it.each([
    ['of a virtual service', 'VirtualService', 'svc-3', virtualService(3, 50), ['80', `${host}:80`]],
    ['of endpoints', 'EndpointSlice', 'svc-3-1', endpointSlice(3, 2), [`outbound|80|v2|${host}`, `outbound|80||${host}`]],
    ['that says the same', 'VirtualService', 'svc-3', virtualService(3), []],
    ['of what no table is made of', 'Namespace', 'x', '', []],
  ])('%s leaves everything else as it is', (_, kind, name, text, expected) => {
    const mesh = meshOf(yaml);
    const before = routingTable(mesh, client);
    const after = text === '' ? read('{apiVersion: v1, kind: Namespace, metadata: {name: x}}') : read(text);
    const next = mesh.with([{ before: mesh.find(kind, 'ns-0', name) as Resource | undefined, after }]);
    const table = routingTable(next, client);
    expect(changed(before, table).sort()).toEqual(expected);
    // And of the mesh as it was nothing is otherwise.
    expect(routingTable(mesh, client)).toEqual(before);
  });

  it('is seen by proxies of one kind once', () => {
    const mesh = meshOf(yaml);
    const before = routingTable(mesh, client);
    const alike = proxyIn('shop', { addresses: ['10.9.9.10'], labels: { app: 'y' }, name: 'other' });
    expect(routingTable(mesh, alike).clusters).toBe(before.clusters);
    expect(routingTable(mesh, alike).proxy).toBe(alike);
  });
});

describe('a change reaches what is made of it', () => {
  const pod = (labels: string, node = 'n1'): string =>
    `apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop, labels: {app: cart, ${labels}}}\nspec: {nodeName: ${node}, containers: []}\nstatus: {podIP: 10.1.0.1}\n`;
  const nodeAt = (zone: string): string =>
    `apiVersion: v1\nkind: Node\nmetadata: {name: n1, labels: {topology.kubernetes.io/region: r1, topology.kubernetes.io/zone: ${zone}}}\n`;
  const slice = `apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: cart-1, namespace: shop, labels: {kubernetes.io/service-name: cart}}\nports: [{name: http-80, port: 8080}]\nendpoints: [{addresses: [10.1.0.1], targetRef: {kind: Pod, name: p}}]\n`;
  const peers = (mode: string): string =>
    `apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: p, namespace: shop}\nspec: {mtls: {mode: ${mode}}}\n`;
  const rule = (spec: string): string => doc('DestinationRule', 'shop/cart', `host: cart, ${spec}`);
  const all = [
    svc('shop/cart http:80 10.0.0.1').replace('spec: {', 'spec: {selector: {app: cart}, '),
    svc('shop/pay http:80 http:81 10.0.0.2'),
    vs('shop/cart', 'cart', `http: [{match: [{uri: {prefix: /x}}], delegate: {name: part}}, {${to('cart')}}]`),
    svc('shop/web http:80 10.0.0.3'),
    vs('shop/web', 'web', `http: [{${to('pay')}}]`),
    doc('VirtualService', 'shop/part', `http: [{${to('pay', 'timeout: 1s')}}]`),
    rule('subsets: [{name: v1, labels: {version: v1}}]'),
    slice,
    pod('version: v1, security.istio.io/tlsMode: istio'),
    nodeAt('z1'),
    peers('STRICT'),
  ];

  it.each([
    ['the key of a hash', rule('trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: x-user}}}')],
    ['labels of a subset', rule('subsets: [{name: v1, labels: {version: v2}}]')],
    ['a rule for clients with certain labels', rule('workloadSelector: {matchLabels: {app: x}}, trafficPolicy: {connectionPool: {tcp: {maxConnections: 3}}}')],
    ['ports of a service that a route sends to', svc('shop/pay http:81 10.0.0.2')],
    ['labels of a pod', pod('version: v2')],
    ['the node of a pod', pod('version: v1, security.istio.io/tlsMode: istio', 'n2')],
    ['the place of a node', nodeAt('z2')],
    ['peers that speak plain text', peers('DISABLE')],
    ['rules of a delegate', doc('VirtualService', 'shop/part', `http: [{${to('pay', 'timeout: 2s')}}]`)],
    ['a port of endpoints', slice.replace('8080', '9090')],
    ['endpoints of another pod', slice.replace('name: p}', 'name: q}')],
  ])('%s', (_, text) => {
    const mesh = meshOf(all.join('---\n'));
    const sidecars = [client, proxyIn('shop', { addresses: ['10.1.0.1'], labels: { app: 'cart' }, name: 'p', locality: 'r1/z1' })];
    const before = sidecars.map((proxy) => routingTable(mesh, proxy));
    const after = read(text);
    const next = mesh.with([{ before: mesh.find(after.kindName, after.namespace, after.name) as Resource, after }]);
    const tables = sidecars.map((proxy) => routingTable(next, proxy));
    const documents = all.map((document) => (idOf(read(document)) === idOf(after) ? text : document));
    const scratch = meshOf(documents.join('---\n'));
    expect(tables).toEqual(sidecars.map((proxy) => routingTable(scratch, proxy)));
    expect(tables).not.toEqual(before);
  });

  it('another mesh configuration', () => {
    const mesh = meshOf(all.join('---\n'));
    const open = routingTable(mesh, client);
    const meshConfig = { ...mesh.meshConfig, outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' as const } };
    const closed = routingTable(mesh.with([], { meshConfig }), client);
    expect(open.routes.flatMap(({ virtualHosts }) => virtualHosts.map(({ name }) => name))).toContain('allow_any');
    expect(closed).toEqual(routingTable(meshOf(all.join('---\n'), { meshConfig: { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } } }), client));
    expect(closed.routes.flatMap(({ virtualHosts }) => virtualHosts.map(({ name }) => name))).toContain('block_all');
  });
});
