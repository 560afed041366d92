// What is made once, and stays the same object.
import { expect, it } from 'vitest';
import { meshOf } from '../../analysis/testing.ts';
import { loadSource } from '../../manifest/load.ts';
import type { Resource } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';
import { proxyIn } from '../clusters/testing.ts';
import { routingTable, viewKey } from '../table.ts';
import { doc, svc } from '../testing.ts';
import { securityDoc } from './testing.ts';

const policy = (name: string, spec: string): string => securityDoc('AuthorizationPolicy', name, spec);
const one = (text: string): Resource => loadSource({ name: 'x.yaml', text, json: false }, { defaultNamespace: 'shop' }).resources[0] as Resource;
const cart = proxyIn('shop', { labels: { app: 'cart' }, name: 'cart-1' });
const other = proxyIn('shop', { labels: { app: 'other' }, name: 'other-1' });
const securityOf = (mesh: Mesh, proxy = cart) => routingTable(mesh, proxy).security;

const documents = [
  policy('shop/a', 'action: DENY, rules: [{to: [{operation: {paths: [/a]}}]}]'),
  policy('shop/custom', 'action: CUSTOM, provider: {name: auth}, selector: {matchLabels: {app: cart}}, rules: [{}]'),
  securityDoc('RequestAuthentication', 'shop/tokens', 'jwtRules: [{issuer: a, jwks: "{}"}]'),
  svc('shop/auth grpc:90'),
  svc('shop/x http:80'),
];
const meshConfig = { extensionProviders: [{ name: 'auth', envoyExtAuthzGrpc: { service: 'auth.shop.svc.cluster.local', port: 90 } }] };
const start = (): Mesh => meshOf(documents.join('---\n'), { meshConfig });

it('workloads with the same policies have one', () => {
  const mesh = start();
  expect(securityOf(mesh, proxyIn('shop', { labels: { app: 'other' }, name: 'other-2' }))).toBe(securityOf(mesh, other));
  expect(securityOf(mesh)).not.toBe(securityOf(mesh, other));
});

it.each<[string, string]>([
  ['a virtual service', doc('VirtualService', 'shop/v', 'hosts: [x], http: [{directResponse: {status: 200}}]')],
  ['a policy of another namespace', policy('pay/b', 'rules: [{}]')],
  ['a policy of another workload', policy('shop/b', 'selector: {matchLabels: {app: third}}, rules: [{}]')],
  ['a service', svc('shop/y http:80')],
])('stays when %s comes', (_, text) => {
  const mesh = start();
  const before = securityOf(mesh);
  expect(securityOf(mesh.with([{ after: one(text) }]))).toBe(before);
});

it('tokens stay when a policy comes, and the other way round', () => {
  const mesh = start();
  const before = securityOf(mesh);
  const denying = securityOf(mesh.with([{ after: one(policy('shop/b', 'action: DENY, rules: [{}]')) }]));
  expect(denying?.authorization?.http.deny.length).toBe(2);
  expect(denying?.authentication).toBe(before?.authentication);
  const tokens = mesh.find('RequestAuthentication', 'shop', 'tokens') as Resource;
  const after = securityOf(mesh.with([{ before: tokens }]));
  expect(after).not.toHaveProperty('authentication');
  expect(after?.authorization).toBe(before?.authorization);
});

it('a policy that is written again with the same words is the same', () => {
  const mesh = start();
  const before = securityOf(mesh);
  const [text = ''] = documents;
  expect(securityOf(mesh.with([{ before: mesh.find('AuthorizationPolicy', 'shop', 'a') as Resource, after: one(text) }]))).toBe(before);
});

it('follows the service of its provider', () => {
  const mesh = start();
  expect(securityOf(mesh)?.authorization?.http.custom[0]).toHaveProperty('authorizer');
  const gone = mesh.with([{ before: mesh.find('Service', 'shop', 'auth') as Resource }]);
  expect(securityOf(gone)?.authorization?.http.custom[0]).not.toHaveProperty('authorizer');
  expect(routingTable(gone, cart).statuses.map(({ reason }) => reason)).toEqual(['invalid-provider']);
  expect(securityOf(gone, other)).toEqual(securityOf(mesh, other));
});

it('two resources of one name are not taken for each other', () => {
  const twice = [
    policy('shop/a', 'action: DENY, selector: {matchLabels: {app: cart}}, rules: [{to: [{operation: {paths: [/cart]}}]}]'),
    policy('shop/a', 'action: DENY, selector: {matchLabels: {app: other}}, rules: [{to: [{operation: {paths: [/other]}}]}]'),
  ];
  const mesh = meshOf(twice.join('---\n'));
  const path = (proxy: typeof cart): string => JSON.stringify(securityOf(mesh, proxy)?.authorization?.http.deny[0]?.permissions);
  expect([path(cart), path(other)]).toEqual([expect.stringContaining('/cart'), expect.stringContaining('/other')]);
});

it('proxies are told apart by what applies to them', () => {
  const mesh = start();
  expect(viewKey(mesh, cart)).not.toBe(viewKey(mesh, other));
  expect(viewKey(mesh, cart)).toBe(viewKey(mesh, { ...cart, name: 'cart-2' }));
});

it('what a thousand policies cost does not grow with the workloads that they are for', () => {
  const many = Array.from({ length: 1000 }, (_, i) =>
    policy(`shop/p${i}`, `action: DENY, ${i < 500 ? '' : `selector: {matchLabels: {app: app-${i}}}, `}rules: [{to: [{operation: {paths: [/p${i}]}}]}]`),
  );
  const mesh = meshOf(many.join('---\n'));
  const proxies = Array.from({ length: 5000 }, (_, i) => proxyIn('shop', { labels: { app: `app-${i % 1000}` }, name: `pod-${i}` }));
  routingTable(mesh, other);
  const started = performance.now();
  const found = new Set(proxies.map((proxy) => securityOf(mesh, proxy)));
  // 500 workloads have a policy of their own beside those of the namespace; all others have these alone.
  expect(found.size).toBe(501);
  expect(performance.now() - started).toBeLessThan(60_000);
}, 90_000);
