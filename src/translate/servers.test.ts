import { describe, expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import type { Mesh } from '../model/mesh.ts';
import { provenanceOf } from './provenance/provenance.ts';
import { callerSidecar, principalOf, type Server, serversOf } from './servers.ts';
import { routingTable } from './table.ts';
import { doc } from './testing.ts';
import { namedProxy, sidecarOf } from './workload-identity.ts';

const namespace = (label: string): string => `apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {${label}}}\n`;
const service = doc('Service', 'shop/cart', 'clusterIP: 10.0.0.1, selector: {app: cart}, ports: [{name: http, port: 80, targetPort: web}]');
const containers = 'containers: [{name: app, image: app, ports: [{name: web, containerPort: 8080}]}]';
const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec: {selector: {matchLabels: {app: cart}}, template: {metadata: {labels: {app: cart}}, spec: {serviceAccountName: carts, ${containers}}}}
`;
const pod = (name: string, ip: string, more = '', labels = ''): string => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: shop, labels: {app: cart${labels}}}
spec: {serviceAccountName: carts, containers: [{name: app, image: app, ports: [{name: web, containerPort: 8080}]}${more}]}
status: {phase: Running, podIP: ${ip}}
`;
const sidecar = ', {name: istio-proxy, image: "istio/proxyv2:1.28.1"}';
const peers = (spec: string): string => doc('PeerAuthentication', 'shop/default', spec).replace('networking.istio.io', 'security.istio.io');

function mesh(...documents: string[]): Mesh {
  return meshOf(documents.join('---\n'), { preset: 'recommended' });
}

function servers(of: Mesh): Server[] {
  const proxy = namedProxy('sidecar', 'shop', '');
  const cluster = routingTable(of, proxy).clusters.find(({ name }) => name === 'outbound|80||cart.shop.svc.cluster.local');
  if (!cluster) throw new Error('there is no cluster');
  return serversOf(of, cluster, provenanceOf(of, proxy).expected(cluster));
}

describe('workloads that run nowhere yet', () => {
  it.each<[string, string[], Partial<Server>]>([
    ['in a namespace with sidecars', [namespace('istio-injection: enabled')], { sidecar: 'yes', tlsMode: 'istio' }],
    ['in a namespace without', [namespace('a: b')], { sidecar: 'no', tlsMode: 'disabled' }],
    ['in a namespace of a revision', [namespace('istio.io/rev: canary')], { sidecar: 'yes', tlsMode: 'istio' }],
    ['in a namespace that opts out of a revision', [namespace('istio.io/rev: canary, istio-injection: disabled')], { sidecar: 'no', tlsMode: 'disabled' }],
    ['in a namespace of which nothing is known', [], { sidecar: 'assumed', tlsMode: 'istio' }],
    ['that take plain text', [namespace('istio-injection: enabled'), peers('mtls: {mode: DISABLE}')], { sidecar: 'yes', tlsMode: 'disabled' }],
  ])('%s', (_, documents, expected) => {
    expect(servers(mesh(service, deployment, ...documents))).toMatchObject([
      { port: 8080, address: undefined, proxy: { name: 'cart', serviceAccount: 'carts' }, ...expected },
    ]);
  });

  it('SEC-R10: what they take, and who says so', () => {
    const [server] = servers(mesh(service, deployment, peers('mtls: {mode: STRICT}')));
    expect(server?.accepts).toEqual({
      mode: 'STRICT',
      policy: { kind: 'PeerAuthentication', namespace: 'shop', name: 'default', path: ['spec', 'mtls', 'mode'] },
    });
  });
});

describe('pods', () => {
  it('are one where nothing tells them apart', () => {
    const found = servers(
      mesh(service, pod('a', '10.1.0.1', sidecar), pod('b', '10.1.0.2', sidecar), pod('c', '10.1.0.3'), pod('d', '10.1.0.4', sidecar, ', version: v2')),
    );
    expect(found.map(({ address, sidecar: has, tlsMode }) => [address, has, tlsMode])).toEqual([
      ['10.1.0.1', 'yes', 'istio'],
      ['10.1.0.3', 'no', 'disabled'],
      ['10.1.0.4', 'yes', 'istio'],
    ]);
    expect(found[0]?.proxy).toMatchObject({ name: 'a', serviceAccount: 'carts', addresses: ['10.1.0.1'] });
  });
});

it.each<[string, Parameters<typeof principalOf>[1], string | undefined]>([
  ['a workload', namedProxy('sidecar', 'shop', 'cart'), 'spiffe://cluster.local/ns/shop/sa/default'],
  ['nobody in particular', namedProxy('sidecar', 'shop', ''), undefined],
  ['a name that is no workload', namedProxy('gateway', 'shop', 'edge'), undefined],
  ['a service account that is told', { ...namedProxy('sidecar', 'shop', ''), serviceAccount: 'web' }, 'spiffe://cluster.local/ns/shop/sa/web'],
])('SEC-R24: %s', (_, proxy, expected) => expect(principalOf(mesh(deployment), proxy)).toBe(expected));

describe('whether a caller has a sidecar', () => {
  const web = (labels: string): string => deployment.replaceAll('cart', 'web').replace('labels: {app: web}', `labels: {app: web, ${labels}}`);
  it.each<[string, string[], Server['sidecar']]>([
    ['a namespace with sidecars', [namespace('istio-injection: enabled'), web('a: b')], 'yes'],
    ['a namespace of a revision', [namespace('istio.io/rev: canary'), web('a: b')], 'yes'],
    ['a template of a revision', [namespace('a: b'), web('istio.io/rev: canary')], 'yes'],
    ['a namespace without', [namespace('a: b'), web('a: b')], 'no'],
    ['a template that opts out', [namespace('istio-injection: enabled'), web('sidecar.istio.io/inject: "false"')], 'no'],
    ['a template that opts out where nothing is known of its namespace', [web('sidecar.istio.io/inject: "false"')], 'no'],
    ['a namespace of which nothing is known', [web('a: b')], 'assumed'],
    ['a pod that runs with one', [namespace('a: b'), pod('web', '10.1.0.9', sidecar)], 'yes'],
    ['a pod that runs without', [namespace('istio-injection: enabled'), pod('web', '10.1.0.9')], 'no'],
    ['nobody in particular', [namespace('a: b')], 'yes'],
  ])('%s', (_, documents, expected) => {
    const of = mesh(service, ...documents);
    expect(callerSidecar(of, sidecarOf(of, 'shop', 'web') ?? namedProxy('sidecar', 'shop', ''))).toBe(expected);
  });
});
