import { expect, it } from 'vitest';
import { findingsOf, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './selector-workloads.ts';

const object = (head: string, namespace: string, rest: string, name = 'a'): string =>
  `---\n${head}\nmetadata: {name: ${name}, namespace: ${namespace}}\n${rest}\n`;
const istio = (group: string, kind: string, spec: string, namespace = 'shop'): string =>
  object(`apiVersion: ${group}.istio.io/v1\nkind: ${kind}`, namespace, `spec: ${spec}`);
const deployment = (labels: string, namespace = 'shop'): string =>
  object('apiVersion: apps/v1\nkind: Deployment', namespace, `spec: {template: {metadata: {labels: {${labels}}}, spec: {}}}`, 'd');
const of: Record<string, (labels: string, namespace?: string) => string> = {
  PeerAuthentication: (labels, namespace) => istio('security', 'PeerAuthentication', `{selector: {matchLabels: {${labels}}}}`, namespace),
  RequestAuthentication: (labels, namespace) => istio('security', 'RequestAuthentication', `{selector: {matchLabels: {${labels}}}}`, namespace),
  WasmPlugin: (labels, namespace) => istio('extensions', 'WasmPlugin', `{selector: {matchLabels: {${labels}}}}`, namespace),
  ProxyConfig: (labels, namespace) => istio('networking', 'ProxyConfig', `{selector: {matchLabels: {${labels}}}}`, namespace),
  EnvoyFilter: (labels, namespace) => istio('networking', 'EnvoyFilter', `{workloadSelector: {labels: {${labels}}}}`, namespace),
  DestinationRule: (labels, namespace) => istio('networking', 'DestinationRule', `{host: pay, workloadSelector: {matchLabels: {${labels}}}}`, namespace),
  ServiceEntry: (labels, namespace) => istio('networking', 'ServiceEntry', `{hosts: [a.b], workloadSelector: {labels: {${labels}}}}`, namespace),
};
const cart = deployment('app: cart, version: v1');
const run = (yaml: string, options: TestOptions = {}) => findingsOf(analyzer, yaml, { preset: 'recommended', ...options });
const field = (kind: string): string =>
  kind === 'EnvoyFilter' || kind === 'ServiceEntry'
    ? 'spec.workloadSelector.labels'
    : kind === 'DestinationRule'
      ? 'spec.workloadSelector.matchLabels'
      : 'spec.selector.matchLabels';

it.each(Object.keys(of))('%s', (kind) => {
  const write = of[kind] as (labels: string, namespace?: string) => string;
  const paths = (yaml: string): (string | undefined)[] => run(cart + yaml).map((f) => f.path?.join('.'));
  expect(paths(write('app: cart'))).toEqual([]);
  expect(paths(write('app: pay'))).toEqual([`${field(kind)}.app`]);
  expect(paths(write('app: pay, version: v9'))).toEqual([field(kind)]);
  expect(paths(write('app: cart', 'front'))).toHaveLength(1);
  expect(paths(write(''))).toEqual([]);
  expect(paths(write('app: "c*"'))).toEqual([]);
});

it.each([
  ['RequestAuthentication', 0],
  ['WasmPlugin', 0],
  ['EnvoyFilter', 0],
  ['PeerAuthentication', 1],
  ['ProxyConfig', 1],
  ['DestinationRule', 1],
  ['ServiceEntry', 1],
])('%s of the root namespace', (kind, count) => {
  const write = of[kind] as (labels: string, namespace?: string) => string;
  expect(run(cart + write('app: cart', 'istio-system'))).toHaveLength(count);
  expect(run(cart + write('app: pay', 'istio-system'))).toHaveLength(1);
});

it('a PeerAuthentication with a selector never counts in the root namespace', () => {
  const [said] = run((of.PeerAuthentication as (l: string, n: string) => string)('app: cart', 'istio-system'), { assume: 'auto' });
  expect(said?.text).toBe('the selector app=cart selects nothing: in the root namespace only a PeerAuthentication without a selector counts');
});

const entry = object('apiVersion: networking.istio.io/v1\nkind: WorkloadEntry', 'shop', 'spec: {address: 1.2.3.4, labels: {app: vm}}');
const group = object('apiVersion: networking.istio.io/v1\nkind: WorkloadGroup', 'shop', 'spec: {metadata: {labels: {app: vm}}, template: {}}');
it.each([
  ['ServiceEntry', entry],
  ['ServiceEntry', group],
  ['PeerAuthentication', entry],
])('%s of machines outside of the cluster', (kind, yaml) => {
  const write = of[kind] as (labels: string) => string;
  expect(run(cart + yaml + write('app: vm'))).toEqual([]);
  expect(run(cart + yaml + write('app: other'))).toHaveLength(1);
});

it('pods of a gateway are made by a controller', () => {
  const write = of.EnvoyFilter as (labels: string, namespace?: string) => string;
  const gateway = object('apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway', 'shop', 'spec: {}', 'edge');
  const selector = 'gateway.networking.k8s.io/gateway-name: edge';
  expect(run(cart + gateway + write(selector))).toEqual([]);
  expect(run(cart + gateway + write(selector, 'istio-system'))).toEqual([]);
  expect(run(cart + gateway + write(selector, 'front'))).toHaveLength(1);
  expect(run(cart + write(selector))).toHaveLength(1);
  expect(run(cart + write(selector), { assume: 'auto' })).toEqual([]);
});

it('says nothing of what the input does not show', () => {
  const auto: TestOptions = { assume: 'auto' };
  const write = of.EnvoyFilter as (labels: string, namespace?: string) => string;
  expect(run(write('app: pay'), auto)).toEqual([]);
  expect(run(cart + write('app: pay'), auto)).toHaveLength(1);
  expect(run(cart + write('istio: ingressgateway', 'istio-system'), auto)).toEqual([]);
  expect(run(cart + (of.ServiceEntry as (labels: string) => string)('app: vm'), auto)).toEqual([]);
});

it('corrects the one label that is wrong', () => {
  const write = of.WasmPlugin as (labels: string) => string;
  expect(run(cart + write('app: crat, version: v1'))[0]?.fix).toMatchObject({ path: ['spec', 'selector', 'matchLabels', 'app'], text: 'cart' });
  expect(run(cart + deployment('app: cart', 'front') + write('app: crat, version: v2'))[0]?.fix).toBeUndefined();
  expect(run(cart + deployment('app: pays') + write('app: pay, version: v1'))[0]?.fix).toBeUndefined();
});
