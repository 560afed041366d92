import { expect, it } from 'vitest';
import { findingsOf, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './tls-policy.ts';

const object = (head: string, name: string, namespace: string, rest: string): string =>
  `---\n${head}\nmetadata: {name: ${name}, namespace: ${namespace}}\n${rest}\n`;
const namespaces = '---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}\n';
const service = (name: string, ports = '{name: http, port: 80, targetPort: 8080}', namespace = 'shop'): string =>
  object('apiVersion: v1\nkind: Service', name, namespace, `spec: {selector: {app: ${name}}, ports: [${ports}]}`);
const workload = (app: string, more = '', spec = '', namespace = 'shop'): string =>
  object(
    'apiVersion: apps/v1\nkind: Deployment',
    app,
    namespace,
    `spec: {template: {metadata: {labels: {app: ${app}}${more}}, spec: {${spec}containers: [{name: app, ports: [{name: web, containerPort: 8080}]}]}}}`,
  );
const policy = (spec: string, namespace = 'shop'): string =>
  object('apiVersion: security.istio.io/v1\nkind: PeerAuthentication', 'peers', namespace, `spec: ${spec}`);
const rule = (spec: string, namespace = 'shop', name = 'rule'): string =>
  object('apiVersion: networking.istio.io/v1\nkind: DestinationRule', name, namespace, `spec: ${spec}`);
const tls = (mode: string, more = ''): string => `{host: cart, trafficPolicy: {tls: {mode: ${mode}${more}}}}`;

const strict = policy('{mtls: {mode: STRICT}}');
const off = policy('{mtls: {mode: DISABLE}}');
const cart = namespaces + service('cart') + workload('cart');
const run = (yaml: string, options: TestOptions = {}) => findingsOf(analyzer, yaml, { preset: 'recommended', ...options });
const texts = (yaml: string, options?: TestOptions) => run(yaml, options).map((f) => `${f.resource.friendlyName} ${f.path?.join('.')}`);
const found = ['DestinationRule shop/rule spec.trafficPolicy.tls.mode'];

it.each([
  ['DISABLE', strict, found],
  ['SIMPLE', strict, found],
  ['MUTUAL', strict, found],
  ['ISTIO_MUTUAL', strict, []],
  ['DISABLE', off, []],
  ['SIMPLE', off, []],
  ['ISTIO_MUTUAL', off, found],
  ['DISABLE', policy('{mtls: {mode: PERMISSIVE}}'), []],
  ['ISTIO_MUTUAL', policy('{mtls: {mode: PERMISSIVE}}'), []],
  ['DISABLE', '', []],
])('%s to %s', (mode, peers, expected) => {
  expect(texts(cart + peers + rule(tls(mode)))).toEqual(expected);
});

it('is not quite certain of certificates', () => {
  expect(run(cart + strict + rule(tls('SIMPLE')))[0]?.level).toBe('Error');
  expect(run(cart + strict + rule(tls('MUTUAL', ', clientCertificate: /own/cert.pem')))[0]?.level).toBe('Warning');
});

it('says what is sent and what is accepted', () => {
  const [said] = run(cart + strict + rule(tls('DISABLE')));
  expect(said?.text).toBe(
    'TLS mode DISABLE sends plaintext to port 80 of cart.shop.svc.cluster.local, and workload "cart" takes mTLS only there (PeerAuthentication shop/peers: STRICT)',
  );
  expect(said?.effect).toContain('503');
  expect(said?.related.map((r) => r.resource.friendlyName)).toEqual(['PeerAuthentication shop/peers', 'Deployment shop/cart']);
});

it.each([
  ['no rule', ''],
  ['no TLS', rule('{host: cart, trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}}}')],
  ['certificates of the mesh', rule(tls('MUTUAL', ', clientCertificate: /etc/certs/cert-chain.pem'))],
  ['another host', rule('{host: pay, trafficPolicy: {tls: {mode: DISABLE}}}')],
  ['another port', rule('{host: cart, trafficPolicy: {portLevelSettings: [{port: {number: 90}, tls: {mode: DISABLE}}]}}')],
  ['a subset without workloads', rule('{host: cart, subsets: [{name: v9, labels: {version: v9}, trafficPolicy: {tls: {mode: DISABLE}}}]}')],
  ['two rules of unknown age', rule(tls('DISABLE')) + rule(tls('ISTIO_MUTUAL'), 'shop', 'b')],
  ['a rule for some clients', rule('{host: cart, workloadSelector: {matchLabels: {a: b}}, trafficPolicy: {tls: {mode: DISABLE}}}')],
  [
    'a rule of the root namespace behind one of the service',
    rule('{host: cart}') + rule('{host: "*.local", trafficPolicy: {tls: {mode: DISABLE}}}', 'istio-system', 'all'),
  ],
  ['a wildcard behind a name', rule('{host: cart}') + rule('{host: "*.local", trafficPolicy: {tls: {mode: DISABLE}}}', 'shop', 'all')],
  ['a rule of the root namespace that nobody sees', rule('{host: "*.local", exportTo: [.], trafficPolicy: {tls: {mode: DISABLE}}}', 'istio-system', 'all')],
])('%s is no conflict', (_, yaml) => {
  expect(texts(cart + strict + yaml)).toEqual([]);
});

it.each([
  [
    'the port',
    rule('{host: cart, trafficPolicy: {portLevelSettings: [{port: {number: 80}, tls: {mode: DISABLE}}]}}'),
    'shop/rule spec.trafficPolicy.portLevelSettings.0.tls.mode',
  ],
  [
    'a subset',
    rule('{host: cart, subsets: [{name: v1, labels: {app: cart}, trafficPolicy: {tls: {mode: DISABLE}}}]}'),
    'shop/rule spec.subsets.0.trafficPolicy.tls.mode',
  ],
  ['no mode', rule('{host: cart, trafficPolicy: {tls: {}}}'), 'shop/rule spec.trafficPolicy.tls'],
  ['a wildcard', rule('{host: "*.shop.svc.cluster.local", trafficPolicy: {tls: {mode: DISABLE}}}'), 'shop/rule spec.trafficPolicy.tls.mode'],
  ['the root namespace', rule('{host: "*.local", trafficPolicy: {tls: {mode: DISABLE}}}', 'istio-system'), 'istio-system/rule spec.trafficPolicy.tls.mode'],
  [
    'clients of another namespace',
    rule('{host: cart.shop.svc.cluster.local, trafficPolicy: {tls: {mode: DISABLE}}}', 'front'),
    'front/rule spec.trafficPolicy.tls.mode',
  ],
  [
    'all hosts for clients of another namespace',
    rule('{host: "*.local", trafficPolicy: {tls: {mode: DISABLE}}}', 'front'),
    'front/rule spec.trafficPolicy.tls.mode',
  ],
])('finds it in %s', (_, yaml, expected) => {
  expect(texts(cart + strict + yaml)).toEqual([`DestinationRule ${expected}`]);
});

it('names the clients where they are not the service’s own', () => {
  expect(run(cart + strict + rule('{host: "*.local", trafficPolicy: {tls: {mode: DISABLE}}}', 'front'))[0]?.text).toContain(
    'from clients in namespace "front"',
  );
});

it('one finding for all hosts of a rule', () => {
  const [said, ...more] = run(
    cart + service('pay') + workload('pay') + strict + rule('{host: "*.local", trafficPolicy: {tls: {mode: DISABLE}}}', 'istio-system'),
  );
  expect(more).toEqual([]);
  expect(said?.text).toContain('(and of 1 more)');
});

const only8080 = policy('{selector: {matchLabels: {app: cart}}, portLevelMtls: {8080: {mode: STRICT}}}');
it.each([
  ['by number', '{port: 80, targetPort: 8080}', 1],
  ['by name', '{port: 80, targetPort: web}', 1],
  ['by the same number', '{port: 8080}', 1],
  ['another', '{port: 80, targetPort: 9090}', 0],
  ['by an unknown name', '{port: 80, targetPort: gone}', 0],
  ['by a name of another protocol', '{port: 80, targetPort: web, protocol: SCTP}', 0],
  ['UDP', '{port: 8080, protocol: UDP}', 0],
])('the target port %s', (_, port, count) => {
  expect(run(namespaces + service('cart', port) + workload('cart') + only8080 + rule(tls('DISABLE')))).toHaveLength(count);
});

const sidecar = object('apiVersion: networking.istio.io/v1\nkind: Sidecar', 's', 'shop', 'spec: {ingress: [{port: {number: 8080, protocol: HTTP, name: h}}]}');
it.each([
  ['no sidecar', namespaces.replace('enabled', 'disabled') + service('cart') + workload('cart')],
  ['an unknown namespace', service('cart') + workload('cart')],
  ['a pod that opts out', namespaces + service('cart') + workload('cart', ', annotations: {sidecar.istio.io/inject: "false"}')],
  ['the network of the node', namespaces + service('cart') + workload('cart', '', 'hostNetwork: true, ')],
  ['a port that is left out', namespaces + service('cart') + workload('cart', ', annotations: {traffic.sidecar.istio.io/excludeInboundPorts: "9090, 8080"}')],
  ['a port that is not taken in', namespaces + service('cart') + workload('cart', ', annotations: {traffic.sidecar.istio.io/includeInboundPorts: "9090"}')],
  ['listeners of its own', cart + sidecar],
  [
    'an external name',
    namespaces +
      object('apiVersion: v1\nkind: Service', 'cart', 'shop', 'spec: {type: ExternalName, externalName: a.b, selector: {app: cart}, ports: [{port: 80}]}') +
      workload('cart'),
  ],
  ['no selector', namespaces + object('apiVersion: v1\nkind: Service', 'cart', 'shop', 'spec: {ports: [{port: 80}]}') + workload('cart')],
])('says nothing of a workload with %s', (_, yaml) => {
  expect(texts(yaml + strict + rule(tls('DISABLE')))).toEqual([]);
});

it('a revision injects, too', () => {
  const yaml = namespaces.replace('istio-injection: enabled', 'istio.io/rev: blue') + service('cart') + workload('cart');
  expect(texts(yaml + strict + rule(tls('DISABLE')))).toEqual(found);
});

it('without automatic mTLS nothing is plaintext', () => {
  const options = { meshConfig: { enableAutoMtls: false } };
  expect(texts(cart + strict, options)).toEqual(['PeerAuthentication shop/peers spec.mtls.mode']);
  expect(texts(cart + strict + rule(tls('ISTIO_MUTUAL')), options)).toEqual([]);
  expect(texts(cart + off, options)).toEqual([]);
});

it('connections that are not HTTP', () => {
  expect(
    run(namespaces + service('cart', '{name: tcp-db, port: 80, targetPort: 8080}') + workload('cart') + strict + rule(tls('DISABLE')))[0]?.effect,
  ).toContain('closed');
});
