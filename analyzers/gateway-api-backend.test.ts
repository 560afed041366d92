import { expect, it } from 'vitest';
import { findingsOf, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './gateway-api-backend.ts';

const service = (name: string, namespace = 'shop', ports = '{port: 80}, {port: 8080}'): string =>
  `---\napiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {ports: [${ports}]}\n`;
const route = (rules: string, kind = 'HTTPRoute'): string =>
  `---\napiVersion: gateway.networking.k8s.io/v1\nkind: ${kind}\nmetadata: {name: r, namespace: shop}\nspec: {rules: [null, ${rules}]}\n`;
const backend = (ref: string, kind?: string): string => route(`{backendRefs: [null, ${ref}]}`, kind);
const run = (yaml: string, options: TestOptions = {}) => findingsOf(analyzer, yaml, { preset: 'recommended', ...options });
const said = (yaml: string, options?: TestOptions): string[] => run(yaml, options).map((f) => `${f.path?.slice(3).join('.')}: ${f.text}`);
const cart = service('cart') + service('pay', 'bank');

it.each([
  ['a service', '{name: cart, port: 80}', []],
  ['a service elsewhere', '{name: pay, namespace: bank, port: 80}', []],
  ['no service', '{name: gone, port: 80}', ['backendRefs.1.name: Service "gone" does not exist in namespace "shop"']],
  ['a service of another namespace', '{name: pay, port: 80}', ['backendRefs.1.name: Service "pay" does not exist in namespace "shop"']],
  ['no port', '{name: cart, port: 81}', ['backendRefs.1.port: Service shop/cart has no port 81']],
  ['a port that is not written', '{name: cart}', []],
  [
    'a host name',
    '{name: cart.shop.svc.cluster.local, port: 80}',
    ['backendRefs.1.name: "cart.shop.svc.cluster.local" is a host name, and a backend is named by the name of its Service'],
  ],
  ['a kind of its own', '{group: example.com, kind: Bucket, name: b}', []],
  ['the host of a service', '{group: networking.istio.io, kind: Hostname, name: pay.bank.svc.cluster.local, port: 80}', []],
  [
    'a host without the port',
    '{group: networking.istio.io, kind: Hostname, name: pay.bank.svc.cluster.local, port: 81}',
    ['backendRefs.1.port: pay.bank.svc.cluster.local has no port 81'],
  ],
  ['no host', '{group: networking.istio.io, kind: Hostname, name: gone.example.com, port: 80}', ['backendRefs.1.name: host "gone.example.com" does not exist']],
])('%s', (_, ref, expected) => {
  for (const kind of ['HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute']) expect(said(cart + backend(ref, kind))).toEqual(expected);
});

it('copies of requests', () => {
  const mirror = '{filters: [null, {type: RequestMirror, requestMirror: {backendRef: {name: gone, port: 80}}}]}';
  expect(said(cart + route(mirror))).toEqual(['filters.1.requestMirror.backendRef.name: Service "gone" does not exist in namespace "shop"']);
  expect(said(cart + backend(`{name: cart, port: 80, ${mirror.slice(1)}`))).toEqual([
    'backendRefs.1.filters.1.requestMirror.backendRef.name: Service "gone" does not exist in namespace "shop"',
  ]);
  expect(run(cart + route(mirror))[0]?.effect).toBe('the copies of requests are lost');
});

it('says who is hurt', () => {
  expect(run(cart + backend('{name: gone, port: 80}'))[0]?.effect).toContain('500');
  expect(run(cart + backend('{name: gone, port: 80}', 'TCPRoute'))[0]?.effect).toContain('closed');
  expect(run(cart + backend('{name: gone, port: 80, weight: 0}'))[0]?.effect).toContain('nothing yet');
});

it('says what was meant', () => {
  expect(run(cart + backend('{name: crat, port: 80}'))[0]?.fix).toMatchObject({ path: ['spec', 'rules', 1, 'backendRefs', 1, 'name'], text: 'cart' });
  expect(run(cart + backend('{name: pay, port: 80}'))[0]?.help).toContain('namespace: bank');
  expect(run(cart + backend('{name: cart, port: 81}'))[0]?.help).toBe('it has: 80, 8080');
  expect(run(cart + backend('{name: cart.shop, port: 80}'))[0]?.fix?.text).toBe('cart');
  expect(run(cart + backend('{name: pay.bank, port: 80}'))[0]).toMatchObject({ fix: undefined, help: 'write name: pay and namespace: bank' });
});

it('says nothing of what the input does not show', () => {
  const auto: TestOptions = { assume: 'auto' };
  expect(said(backend('{name: gone, port: 80}'), auto)).toEqual([]);
  expect(said(cart + backend('{name: gone, port: 80}'), auto)).toHaveLength(1);
  expect(said(service('cart', '""') + backend('{name: cart, port: 80}'), auto)).toEqual([]);
  expect(said(service('cart', 'shop', '') + backend('{name: cart, port: 80}'))).toEqual([]);
  expect(said(cart + backend('{name: istiod, namespace: istio-system, port: 15010}'), auto)).toEqual([]);
});

it('reads past what has the wrong form', () => {
  expect(said(cart + backend('{name: 7}, 3, {name: cart, port: "81", namespace: [1], filters: 3}'))).toEqual([]);
  expect(said(cart + route('{backendRefs: 3, filters: {a: b}}, 7'))).toEqual([]);
});
