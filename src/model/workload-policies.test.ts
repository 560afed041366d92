import { expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import { WorkloadPolicies } from './workload-policies.ts';

const policy = (name: string, namespace: string, spec: string, created = ''): string => `---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ${name}, namespace: ${namespace}${created === '' ? '' : `, creationTimestamp: "2024-01-0${created}T00:00:00Z"`}}
spec: {${spec}}
`;
const gateway = (name: string, className: string): string => `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: ${name}, namespace: shop}
spec: {gatewayClassName: ${className}, listeners: []}
`;
const selecting = (labels: string): string => `selector: {matchLabels: {${labels}}}`;
const target = (kind: string, name: string, more = ''): string => `{group: gateway.networking.k8s.io, kind: ${kind}, name: ${name}${more}}`;

const cart = { namespace: 'shop', labels: { app: 'cart', version: 'v1' } };
const api = { namespace: 'shop', labels: { 'gateway.networking.k8s.io/gateway-name': 'api', app: 'api' } };
const applied = (yaml: string, workload: typeof cart | typeof api = cart, options = {}): string[] =>
  WorkloadPolicies.of(meshOf(yaml, options), 'AuthorizationPolicy')
    .appliedTo(workload)
    .map(({ namespace, name }) => `${namespace}/${name}`);

it.each<[string, string, string[]]>([
  ['without a selector: the namespace', policy('a', 'shop', ''), ['shop/a']],
  ['with an empty one, too', policy('a', 'shop', selecting('')), ['shop/a']],
  ['not another namespace', policy('a', 'pay', ''), []],
  ['in the root namespace: the mesh', policy('a', 'istio-system', ''), ['istio-system/a']],
  ['with a selector in the root namespace: workloads of all', policy('a', 'istio-system', selecting('app: cart')), ['istio-system/a']],
  ['all labels are asked for', policy('a', 'shop', selecting('app: cart, version: v2')) + policy('b', 'shop', selecting('app: cart, version: v1')), ['shop/b']],
  [
    'the root namespace first, then the oldest',
    policy('c', 'shop', '') + policy('a', 'shop', '', '2') + policy('b', 'shop', '', '1') + policy('z', 'istio-system', ''),
    ['istio-system/z', 'shop/b', 'shop/a', 'shop/c'],
  ],
  ['selectors do not come before others', policy('b', 'shop', selecting('app: cart'), '2') + policy('a', 'shop', '', '1'), ['shop/a', 'shop/b']],
  ['what names something is not for sidecars', policy('a', 'shop', `targetRef: ${target('Gateway', 'cart')}`), []],
  [
    'beside a selector, which is not valid: the selected ones, too',
    policy('a', 'shop', `${selecting('app: cart')}, targetRefs: [${target('Gateway', 'cart')}]`),
    ['shop/a'],
  ],
])('SEC-R20: %s', (_, yaml, expected) => expect(applied(yaml)).toEqual(expected));

it.each<[string, string, string[]]>([
  ['what names its Gateway', policy('a', 'shop', `targetRefs: [${target('Gateway', 'api')}]`), ['shop/a']],
  ['by targetRef', policy('a', 'shop', `targetRef: ${target('Gateway', 'api')}`), ['shop/a']],
  ['in one of several', policy('a', 'shop', `targetRefs: [${target('Gateway', 'x')}, ${target('Gateway', 'api')}, ${target('Gateway', 'api')}]`), ['shop/a']],
  ['not another Gateway', policy('a', 'shop', `targetRefs: [${target('Gateway', 'x')}]`), []],
  ['not one of another namespace', policy('a', 'istio-system', `targetRefs: [${target('Gateway', 'api')}]`), []],
  ['not with another namespace in it', policy('a', 'shop', `targetRefs: [${target('Gateway', 'api', ', namespace: pay')}]`), []],
  ['not a Gateway of Istio', policy('a', 'shop', 'targetRefs: [{group: networking.istio.io, kind: Gateway, name: api}]'), []],
  ['a Service is served by waypoints', policy('a', 'shop', 'targetRefs: [{group: "", kind: Service, name: api}]'), []],
  ['a ServiceEntry, too', policy('a', 'shop', 'targetRefs: [{group: networking.istio.io, kind: ServiceEntry, name: api}]'), []],
  ['a class is one of waypoints', policy('a', 'istio-system', `targetRefs: [${target('GatewayClass', 'istio')}]`) + gateway('api', 'istio'), []],
  ['by a name and by a selector: once', policy('a', 'shop', `${selecting('app: api')}, targetRefs: [${target('Gateway', 'api')}]`), ['shop/a']],
  ['selectors', policy('a', 'shop', selecting('app: api')) + policy('b', 'shop', ''), ['shop/a', 'shop/b']],
])('SEC-R20, of pods made for a Gateway: %s', (_, yaml, expected) => expect(applied(yaml, api)).toEqual(expected));

it('SEC-R20: waypoints are named, and not selected', () => {
  const yaml = [
    gateway('api', 'istio-waypoint'),
    policy('a', 'istio-system', `targetRefs: [${target('GatewayClass', 'istio-waypoint')}]`),
    policy('b', 'shop', `targetRefs: [${target('GatewayClass', 'istio-waypoint')}]`),
    policy('c', 'shop', `targetRefs: [${target('Gateway', 'api')}]`),
    policy('d', 'shop', ''),
  ];
  expect(applied(yaml.join(''), api)).toEqual(['istio-system/a', 'shop/c']);
});

it('the root namespace is that of the mesh configuration', () => {
  const options = { meshConfig: { rootNamespace: 'root' } };
  expect(applied(policy('a', 'root', '') + policy('b', 'istio-system', ''), cart, options)).toEqual(['root/a']);
  expect(applied(policy('a', 'shop', ''), cart, { meshConfig: { rootNamespace: 'shop' } })).toEqual(['shop/a']);
});

it('for whom: the mesh, the namespace or workloads', () => {
  const mesh = meshOf(policy('a', 'istio-system', '') + policy('b', 'shop', '') + policy('c', 'istio-system', selecting('app: cart')));
  const policies = WorkloadPolicies.of(mesh, 'AuthorizationPolicy');
  expect(policies.appliedTo(cart).map((one) => `${one.name} ${policies.scopeOf(one)}`)).toEqual(['a mesh', 'c workload', 'b namespace']);
});

it('workloads with the same policies have the same list, and what is asked for does not grow with the workloads', () => {
  const many = Array.from({ length: 1000 }, (_, i) => policy(`p${i}`, 'shop', i % 2 === 0 ? '' : selecting(`app: app-${i}`))).join('');
  const policies = WorkloadPolicies.of(meshOf(many), 'AuthorizationPolicy');
  const lists = new Set(Array.from({ length: 5000 }, (_, i) => policies.appliedTo({ namespace: 'shop', labels: { app: `app-${i % 10}`, pod: `pod-${i}` } })));
  expect([...lists].map((list) => list.length)).toEqual([500, 501, 501, 501, 501, 501]);
});
