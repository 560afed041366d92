import { expect, it } from 'vitest';
import { findingsOf, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './reference-grant.ts';

const object = (kind: string, namespace: string, spec: string): string =>
  `---\napiVersion: gateway.networking.k8s.io/v1\nkind: ${kind}\nmetadata: {name: a, namespace: ${namespace}}\nspec: ${spec}\n`;
const service = (name: string, namespace: string): string =>
  `---\napiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {}\n`;
const toGateway = '[{name: edge}]';
const route = (parents: string, ref: string, kind = 'HTTPRoute'): string => object(kind, 'shop', `{parentRefs: ${parents}, rules: [{backendRefs: [${ref}]}]}`);
const grant = (from: string, to: string, namespace = 'bank'): string => object('ReferenceGrant', namespace, `{from: [null, ${from}], to: [null, ${to}]}`);
const from = (kind: string, namespace = 'shop'): string => `{group: gateway.networking.k8s.io, kind: ${kind}, namespace: ${namespace}}`;
const toService = '{group: "", kind: Service}';
const pay = service('pay', 'bank');
const backend = '{name: pay, namespace: bank, port: 80}';
const run = (yaml: string, options: TestOptions = {}) => findingsOf(analyzer, yaml, { preset: 'recommended', ...options });

it.each([
  ['no grant', '', 1],
  ['a grant', grant(from('HTTPRoute'), toService), 0],
  ['a grant for the name', grant(from('HTTPRoute'), '{group: "", kind: Service, name: pay}'), 0],
  ['a grant for another name', grant(from('HTTPRoute'), '{group: "", kind: Service, name: other}'), 1],
  ['a grant for another kind', grant(from('HTTPRoute'), '{group: "", kind: Secret}'), 1],
  ['a grant for other routes', grant(from('GRPCRoute'), toService), 1],
  ['a grant for another namespace', grant(from('HTTPRoute', 'front'), toService), 1],
  ['a grant in another namespace', grant(from('HTTPRoute'), toService, 'front'), 1],
  ['one entry of several', grant(`${from('GRPCRoute')}, ${from('HTTPRoute')}`, `{group: "", kind: Secret}, ${toService}`), 0],
  ['strange grants', grant('7, {group: 3}', '{kind: [1]}') + object('ReferenceGrant', 'bank', '{from: 3, to: {a: b}}'), 1],
])('%s', (_, yaml, count) => {
  const found = run(pay + yaml + route(toGateway, backend));
  expect(found).toHaveLength(count);
  for (const { path, text, effect } of found) {
    expect(path).toEqual(['spec', 'rules', 0, 'backendRefs', 0, 'namespace']);
    expect(text).toBe('Service "pay" is in namespace "bank", where no ReferenceGrant is for a reference of kind HTTPRoute from namespace "shop"');
    expect(effect).toContain('500');
  }
});

it.each([
  ['its own namespace', route(toGateway, '{name: pay, port: 80}')],
  ['its own namespace by name', route(toGateway, '{name: pay, namespace: shop, port: 80}')],
  ['a route of the mesh', route('[{group: "", kind: Service, name: cart}]', backend)],
  ['a service that does not exist', route(toGateway, '{name: gone, namespace: bank, port: 80}')],
  ['another kind', route(toGateway, '{group: example.com, kind: Bucket, name: pay, namespace: bank}')],
])('%s needs no grant', (_, yaml) => {
  expect(run(pay + yaml)).toEqual([]);
});

const gateway = (ref: string): string =>
  object('Gateway', 'infra', `{gatewayClassName: istio, listeners: [{name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [${ref}]}}]}`);
it('certificates of a gateway', () => {
  const grantSecret = grant('{group: gateway.networking.k8s.io, kind: Gateway, namespace: infra}', '{group: "", kind: Secret}', 'certs');
  expect(run(gateway('{name: cert}'))).toEqual([]);
  expect(run(gateway('{name: cert, namespace: certs}') + grantSecret)).toEqual([]);
  const [said, ...more] = run(gateway('{name: cert, namespace: certs}'));
  expect(more).toEqual([]);
  expect(said).toMatchObject({
    path: ['spec', 'listeners', 0, 'tls', 'certificateRefs', 0, 'namespace'],
    effect: 'listener "https" has no certificate, and refuses connections',
  });
});

it('says nothing of what the input does not show', () => {
  const auto: TestOptions = { assume: 'auto' };
  expect(run(pay + route(toGateway, backend), auto)).toEqual([]);
  expect(run(pay + grant(from('GRPCRoute'), toService) + route(toGateway, backend), auto)).toHaveLength(1);
  expect(run(grant(from('HTTPRoute'), toService, '""') + pay + route(toGateway, backend), auto)).toEqual([]);
});
