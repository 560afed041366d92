import { expect, it } from 'vitest';
import { findingsOf, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './authorization-principal.ts';

const object = (head: string, name: string, namespace: string, rest = ''): string =>
  `---\n${head}\nmetadata: {name: ${name}, namespace: ${namespace}}\n${rest}`;
const account = (name: string, namespace = 'shop'): string => object('apiVersion: v1\nkind: ServiceAccount', name, namespace);
const deployment = (pod: string, namespace = 'shop'): string =>
  object('apiVersion: apps/v1\nkind: Deployment', 'd', namespace, `spec: {template: {spec: ${pod}}}\n`);
const namespaces = (...names: string[]): string => names.map((name) => `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}}\n`).join('');
const policy = (rule: string, action = 'ALLOW', namespace = 'shop'): string =>
  object('apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy', 'guard', namespace, `spec: {action: ${action}, rules: [null, ${rule}]}\n`);
const source = (fields: string): string => `{from: [null, {source: ${fields}}]}`;

const known = account('cart') + account('front-web', 'front') + namespaces('shop', 'front');
const run = (rule: string, options: TestOptions = {}, more = known) => findingsOf(analyzer, more + policy(rule), { preset: 'recommended', ...options });
const principal = (value: string, options?: TestOptions, more?: string) => run(source(`{principals: [${JSON.stringify(value)}]}`), options, more);

it.each([
  ['cluster.local/ns/shop/sa/cart'],
  ['cluster.local/ns/shop/sa/default'],
  ['*/ns/front/sa/front-web'],
  ['cluster.local/ns/front/sa/front*'],
  ['cluster.local/ns/front/*'],
  ['other.mesh/ns/gone/sa/gone'],
  ['*/sa/gone'],
  ['*'],
])('%s may be a caller', (value) => {
  expect(principal(value)).toEqual([]);
});

it.each([
  ['cluster.local/ns/shop/sa/carts', 'namespace "shop" has no service account "carts"', 'cluster.local/ns/shop/sa/cart'],
  ['*/ns/front/sa/cart', 'namespace "front" has no service account "cart"', undefined],
  ['*/ns/front/sa/frontweb', 'namespace "front" has no service account "frontweb"', '*/ns/front/sa/front-web'],
  ['cluster.local/ns/front/sa/web*', 'no service account of namespace "front" begins with "web"', undefined],
  ['cluster.local/ns/frnt/sa/front-web', 'namespace "frnt" does not exist', 'cluster.local/ns/front/sa/front-web'],
  ['cluster.local/ns/gone/sa/default', 'namespace "gone" does not exist', undefined],
  ['cluster.local/ns/gone/*', 'namespace "gone" does not exist', undefined],
  ['spiffe://cluster.local/ns/shop/sa/cart', 'Istio puts spiffe:// in front of it itself', 'cluster.local/ns/shop/sa/cart'],
])('%s is no caller', (value, problem, fixed) => {
  const [said, ...more] = principal(value);
  expect(more).toEqual([]);
  expect(said?.text).toBe(`no caller is the principal "${value}": ${problem}`);
  expect(said?.path).toEqual(['spec', 'rules', 1, 'from', 1, 'source', 'principals', 0]);
  expect(said?.fix?.text).toBe(fixed);
});

it.each([
  ['{serviceAccounts: [cart, front/front-web, default]}', []],
  ['{serviceAccounts: [front-web, shop/cart, front/cart]}', ['serviceAccounts.0', 'serviceAccounts.2']],
  ['{notServiceAccounts: [gone]}', ['notServiceAccounts.0']],
  ['{notPrincipals: [cluster.local/ns/shop/sa/gone]}', ['notPrincipals.0']],
])('the source %s', (fields, expected) => {
  expect(run(source(fields)).map((f) => f.path?.slice(6).join('.'))).toEqual(expected);
});

it.each([
  ['{key: source.principal, values: [cluster.local/ns/shop/sa/cart], notValues: [cluster.local/ns/shop/sa/gone]}', ['notValues.0']],
  ['{key: source.serviceAccount, values: [shop/gone]}', ['values.0']],
  ['{key: source.namespace, values: [gone]}', []],
])('the condition %s', (when, expected) => {
  expect(run(`{when: [null, ${when}]}`).map((f) => f.path?.slice(5).join('.'))).toEqual(expected);
});

it('says who is hurt', () => {
  const effect = (fields: string, action: string) => findingsOf(analyzer, known + policy(source(fields), action), { preset: 'recommended' })[0]?.effect;
  expect(effect('{serviceAccounts: [gone]}', 'ALLOW')).toContain('403');
  expect(effect('{serviceAccounts: [gone]}', 'DENY')).toContain('denies nothing');
});

it.each([
  ['a pod', deployment('{serviceAccountName: pay}')],
  ['the old field of a pod', deployment('{serviceAccount: pay}')],
  ['a workload entry', object('apiVersion: networking.istio.io/v1\nkind: WorkloadEntry', 'e', 'shop', 'spec: {address: 1.2.3.4, serviceAccount: pay}\n')],
  ['a workload group', object('apiVersion: networking.istio.io/v1\nkind: WorkloadGroup', 'e', 'shop', 'spec: {template: {serviceAccount: pay}}\n')],
  [
    'a service entry',
    object('apiVersion: networking.istio.io/v1\nkind: ServiceEntry', 'e', 'shop', 'spec: {hosts: [a.b], endpoints: [null, {serviceAccount: pay}]}\n'),
  ],
  ['a waypoint', object('apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway', 'pay', 'shop', 'spec: {gatewayClassName: istio-waypoint}\n')],
])('%s shows that an account exists', (_, yaml) => {
  expect(principal('cluster.local/ns/shop/sa/pay', {}, known + yaml)).toEqual([]);
  expect(principal('cluster.local/ns/shop/sa/gone', {}, known + yaml)).toHaveLength(1);
});

it('the account of a gateway is named with its class', () => {
  const gateway = object('apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway', 'edge', 'shop', 'spec: {gatewayClassName: istio}\n');
  expect(principal('cluster.local/ns/shop/sa/edge-istio', {}, known + gateway)).toEqual([]);
});

it('says nothing of what the input does not show', () => {
  const auto: TestOptions = { assume: 'auto' };
  expect(principal('cluster.local/ns/shop/sa/gone', auto, namespaces('shop'))).toEqual([]);
  expect(principal('cluster.local/ns/istio-system/sa/istio-ingressgateway', auto)).toEqual([]);
  expect(principal('cluster.local/ns/shop/sa/gone', auto)).toHaveLength(1);
  expect(principal('cluster.local/ns/gone/sa/gone', auto, account('cart'))).toEqual([]);
  expect(principal('cluster.local/ns/shop/sa/gone', auto, account('gone', '""') + account('cart'))).toEqual([]);
});

it('takes the namespace of the policy for real', () => {
  expect(findingsOf(analyzer, namespaces('front') + policy(source('{serviceAccounts: [default]}')), { preset: 'recommended' })).toEqual([]);
});
