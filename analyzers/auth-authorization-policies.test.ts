import { expect, it } from 'vitest';
import { runAnalyzer, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './auth-authorization-policies.ts';

const policy = (spec: string, namespace = 'shop'): string => `---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: guard, namespace: ${namespace}}
spec: ${spec}
`;
const pod = (labels: string, more = '', container = '{name: app, image: a}'): string => `---
apiVersion: v1
kind: Pod
metadata: {name: cart-1, namespace: shop, labels: {${labels}}${more}}
spec: {containers: [${container}]}
`;
const namespace = (name: string, label = 'a: b'): string => `---
apiVersion: v1
kind: Namespace
metadata: {name: ${name}, labels: {${label}}}
`;
const codes = (yaml: string, options: TestOptions = {}): string[] =>
  runAnalyzer(analyzer, yaml, options).map(({ code, text }) => `${code} ${/"(.*)"/.exec(text)?.[1] ?? ''}`.trim());

const inMesh = pod('app: cart', '', '{name: istio-proxy, image: p}');
const selectCart = policy('{selector: {matchLabels: {app: cart}}}');

it.each([
  ['no pods at all', selectCart, 1],
  ['a pod with a sidecar', selectCart + inMesh, 0],
  ['a pod outside of the mesh', selectCart + pod('app: cart'), 1],
  ['a pod of an injected namespace', selectCart + pod('app: cart') + namespace('shop', 'istio-injection: enabled'), 0],
  ['a pod that opts out there', selectCart + pod('app: cart, sidecar.istio.io/inject: "false"') + namespace('shop', 'istio-injection: enabled'), 1],
  ['a pod that opts in', selectCart + pod('app: cart, sidecar.istio.io/inject: "true"'), 0],
  ['a pod that opts in by annotation', selectCart + pod('app: cart', ', annotations: {sidecar.istio.io/inject: "true"}'), 0],
  ['a sidecar without an image', selectCart + pod('app: cart', '', '{name: istio-proxy}'), 1],
  ['a revision does not count', selectCart + pod('app: cart') + namespace('shop', 'istio.io/rev: blue'), 1],
  ['an ambient pod', selectCart + pod('app: cart', ', annotations: {ambient.istio.io/redirection: enabled}'), 0],
  ['other labels', policy('{selector: {matchLabels: {app: pay}}}') + inMesh, 1],
  ['another namespace', policy('{selector: {matchLabels: {app: cart}}}', 'front') + inMesh, 1],
  ['the root namespace selects anywhere', policy('{selector: {matchLabels: {app: cart}}}', 'istio-system') + inMesh, 0],
  ['the root namespace selects nothing', policy('{selector: {matchLabels: {app: pay}}}', 'istio-system') + inMesh, 1],
  ['the root namespace without a selector', policy('{}', 'istio-system'), 0],
  ['a namespace without a selector', policy('{}') + inMesh, 0],
  ['an empty namespace without a selector', policy('{}', 'front') + inMesh, 1],
  ['targetRefs do not count', policy('{targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: g}]}', 'front') + inMesh, 1],
])('IST0127: %s', (_, yaml, count) => {
  expect(codes(yaml)).toEqual(Array(count).fill('IST0127'));
});

it.each([
  ['without pods', selectCart, []],
  ['with a pod of an unknown namespace', selectCart + pod('app: cart'), []],
  ['with a pod that has other labels', selectCart + pod('app: pay'), ['IST0127']],
  ['with a pod that opts out', selectCart + pod('app: cart, sidecar.istio.io/inject: "false"') + namespace('shop'), ['IST0127']],
  ['without namespaces', policy('{rules: [{from: [{source: {namespaces: [gone]}}]}]}') + inMesh, []],
])('says nothing of what the input does not show, %s', (_, yaml, expected) => {
  expect(codes(yaml, { assume: 'auto' })).toEqual(expected);
});

it('counts the pods of a Deployment, where these count', () => {
  const deployment = `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec: {template: {metadata: {labels: {app: cart}}, spec: {containers: [{name: app}]}}}
`;
  const yaml = selectCart + deployment + namespace('shop', 'istio-injection: enabled');
  expect(codes(yaml)).toEqual(['IST0127']);
  expect(codes(yaml, { preset: 'recommended' })).toEqual([]);
  expect(codes(selectCart + deployment + namespace('shop', 'istio.io/dataplane-mode: ambient'), { preset: 'recommended' })).toEqual([]);
});

const sources = (source: string): string => policy(`{rules: [{from: [{source: ${source}}, null]}, null]}`) + inMesh + namespace('front') + namespace('shop-eu');
it.each([
  ['{namespaces: [front, FRONT, "*", "shop-*", "*-eu", "f*"]}', []],
  ['{namespaces: [gone, "eu-*", "*-shop"]}', ['IST0101 *-shop', 'IST0101 eu-*', 'IST0101 gone']],
  ['{notNamespaces: [gone, front, gone]}', ['IST0101 gone']],
  ['{namespaces: ["shop-EU*"]}', ['IST0101 shop-EU*']],
])('namespaces of %s', (source, expected) => {
  expect(codes(sources(source))).toEqual(expected);
});

it('points at notNamespaces, but in the reference preset where the reference does', () => {
  const yaml = `${policy('')}  rules:
  - from:
    - source:
        namespaces: [front]
        notNamespaces: [gone]
${inMesh}${namespace('front')}`;
  expect(runAnalyzer(analyzer, yaml)[0]?.line).toBe(9);
  expect(runAnalyzer(analyzer, yaml, { preset: 'recommended' })[0]?.line).toBe(10);
});
