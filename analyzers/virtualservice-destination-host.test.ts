import { expect, it } from 'vitest';
import { findingsOf, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './virtualservice-destination-host.ts';

const service = (name: string, ports = '[{port: 80}]', more = ''): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: shop${more}}\nspec: {ports: ${ports}}`;
const entry = (host: string, exportTo = '["*"]'): string => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: out, namespace: shop}
spec: {hosts: ["${host}"], exportTo: ${exportTo}, ports: [{number: 443, name: tls, protocol: TLS}]}`;
const virtual = (spec: string, namespace = 'shop', name = 'cart'): string =>
  `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {hosts: [cart], ${spec}}`;
const to = (destination: string, namespace = 'shop'): string => virtual(`http: [{route: [{destination: {${destination}}}]}]`, namespace);

const run = (yaml: string[], options: TestOptions = {}): string[] =>
  findingsOf(analyzer, yaml.join('\n---\n'), options).map((f) => `${f.code} ${f.path?.slice(1).join('.')} ${f.text}`);
const notFound = (name: string, at = 'http.0.route.0.destination.host'): string => `IST0101 ${at} ${name} does not exist`;

it.each([
  ['a short name', [service('cart'), to('host: cart')], []],
  ['a whole name from elsewhere', [service('cart'), to('host: cart.shop.svc.cluster.local', 'front')], []],
  ['a short name from elsewhere', [service('cart'), to('host: cart', 'front')], [notFound('host "cart"')]],
  ['a part of the whole name', [service('cart'), to('host: cart.shop')], [notFound('host "cart.shop"')]],
  ['a host of a service entry', [entry('api.example'), to('host: api.example')], []],
  ['a host under a wildcard', [entry('*.example'), to('host: api.example', 'front')], []],
  ['a host beside a wildcard', [entry('*.api.example'), to('host: api.example')], [notFound('host "api.example"')]],
  ['a short name is nothing under a wildcard', [entry('*.local'), to('host: cart')], [notFound('host "cart"')]],
  ['not exported to the namespace', [entry('api.example', '["."]'), to('host: api.example', 'front')], [notFound('host "api.example"')]],
  ['exported to the namespace', [entry('api.example', '[front]'), to('host: api.example', 'front')], []],
  [
    'a service that is exported to nobody',
    [service('cart', undefined, ", annotations: {networking.istio.io/exportTo: '~'}"), to('host: cart')],
    [notFound('host "cart"')],
  ],
  [
    'seen from the namespaces that the virtual service is exported to',
    [entry('api.example', '[front]'), virtual('exportTo: [front], http: [{route: [{destination: {host: api.example}}]}]')],
    [],
  ],
  ['tcp', [virtual('tcp: [{route: [{destination: {host: db}}]}]')], [notFound('host "db"', 'tcp.0.route.0.destination.host')]],
  ['tls', [virtual('tls: [{match: [{sniHosts: [a]}], route: [{destination: {host: db}}]}]')], [notFound('host "db"', 'tls.0.route.0.destination.host')]],
  [
    'a mirror',
    [service('cart'), virtual('http: [{route: [{destination: {host: cart}}], mirror: {host: x}}]')],
    [notFound('mirror host "x"', 'http.0.mirror.host')],
  ],
  [
    'two mirrors of one host, told once',
    [virtual('http: [{mirrors: [{destination: {host: x}}, {destination: {host: x, port: {number: 1}}}]}]')],
    [notFound('mirror host "x"', 'http.0.mirrors.0.destination.host')],
  ],
  ['mirrors', [virtual('http: [{mirrors: [{destination: {host: x}}]}]')], [notFound('mirror host "x"', 'http.0.mirrors.0.destination.host')]],
  ['no host', [to('subset: v1')], [notFound('host ""')]],
  ['null items', [virtual('http: [null, {route: [null]}], tcp: [null]')], [notFound('host ""', 'http.1.route.0.destination.host')]],
])('host: %s', (_, yaml, expected) => expect(run(yaml)).toEqual(expected));

const two = '[{port: 80}, {port: 443}]';
const ambiguous = 'IST0112 http.0.route.0.destination.host this destination names no port, and "cart" has several: [80 443]';
it.each([
  ['one port, none named', [service('cart'), to('host: cart')], []],
  ['two ports, none named', [service('cart', two), to('host: cart')], [ambiguous]],
  ['two ports, one named', [service('cart', two), to('host: cart, port: {number: 443}')], []],
  ['a port that is not there', [service('cart'), to('host: cart, port: {number: 81}')], [notFound('port "81" of host "cart"')]],
  ['port 0', [service('cart'), to('host: cart, port: {}')], [notFound('port "0" of host "cart"')]],
  ['ports of wrong types', [service('cart', '[null, x, 7]'), to('host: cart, port: {number: 7}')], [notFound('port "7" of host "cart"')]],
])('port: %s', (_, yaml, expected) => expect(run(yaml)).toEqual(expected));

it('counts a port once, except as the reference does', () => {
  const yaml = [service('dns', '[{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]'), to('host: dns')];
  expect(run(yaml)).toHaveLength(1);
  expect(run(yaml, { preset: 'recommended' })).toEqual([]);
});

it.each([
  ['no Service in the input', [to('host: cart'), entry('a.example')], 0],
  ['a Service in the input', [service('other'), to('host: cart')], 1],
  ['no ServiceEntry in the input', [service('cart'), to('host: api.example')], 0],
  ['a ServiceEntry in the input', [entry('b.example'), to('host: api.example')], 1],
  ['a known host', [entry('b.example'), to('host: api.known.example')], 0],
  ['a Service that was meant', [service('cart'), to('host: cart.shop')], 1],
  ['a namespace that files do not show', [service('cart'), to('host: kube-dns.kube-system.svc.cluster.local')], 0],
  ['the API server', [service('cart'), to('host: kubernetes.default.svc.cluster.local')], 0],
  ['the control plane', [service('cart'), to('host: istiod.istio-system.svc.cluster.local')], 0],
])('says only what is known: %s', (_, yaml, count) => {
  expect(run(yaml, { assume: 'auto', preset: 'recommended', knownHosts: ['*.known.example'] })).toHaveLength(count);
});

it.each([
  ['a typing error', to('host: paymnt'), 'did you mean "payment"?', 'payment'],
  [
    'a typing error in a whole name',
    to('host: paymnt.shop.svc.cluster.local'),
    'did you mean "payment.shop.svc.cluster.local"?',
    'payment.shop.svc.cluster.local',
  ],
  [
    'a typing error in the namespace',
    to('host: payment.shopp.svc.cluster.local'),
    'did you mean "payment.shop.svc.cluster.local"?',
    'payment.shop.svc.cluster.local',
  ],
  ['a typing error in another host', to('host: ap.example'), 'did you mean "api.example"?', 'api.example'],
  ['another case', to('host: Payment'), 'did you mean "payment"?', 'payment'],
  ['a part of the name', to('host: payment.shop.svc'), 'write the whole name: payment.shop.svc.cluster.local', 'payment.shop.svc.cluster.local'],
  ['a dot at the end', to('host: payment.shop.svc.cluster.local.'), 'remove the dot at the end', 'payment.shop.svc.cluster.local'],
  ['another namespace', to('host: payment', 'front'), 'a short name is looked up in the namespace of this resource; write payment.shop.svc.cluster.local'],
  ['not exported', to('host: api.example', 'front'), 'api.example exists, and its exportTo shows it only to: shop'],
  ['nothing near', to('host: ledger'), undefined],
])('helps: %s', (_, yaml, help, text?: string) => {
  const [finding] = findingsOf(analyzer, [service('payment'), entry('api.example', '["."]'), yaml].join('\n---\n'));
  expect(finding?.help).toBe(help);
  expect(finding?.fix?.text).toBe(text);
});

const subsets = virtual('http: [{route: [{destination: {host: cart, subset: v1}}]}]', 'shop', 'inner');
const outer = (gateways: string, namespace = 'shop', destination = 'host: cart'): string =>
  virtual(`gateways: [${gateways}], http: [{route: [{destination: {${destination}}}]}]`, namespace, 'outer');
it.each([
  ['through a gateway', outer('edge'), 1, 1],
  ['with a subset of its own', outer('edge', 'shop', 'host: cart, subset: v1'), 0, 0],
  ['written otherwise', outer('edge', 'shop', 'host: cart.shop.svc.cluster.local'), 0, 0],
  ['the same short name elsewhere', outer('edge', 'front'), 1, 0],
  ['for sidecars', outer('mesh'), 1, 0],
])('subsets and gateways: %s', (_, yaml, reference, recommended) => {
  const all = [service('cart'), subsets, yaml].join('\n---\n');
  const count = (options: TestOptions): number => findingsOf(analyzer, all, options).filter((f) => f.code === 'IST0140').length;
  expect(count({})).toBe(reference);
  expect(count({ preset: 'recommended' })).toBe(recommended);
});
