import { expect, it } from 'vitest';
import { runAnalyzer, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './sidecar-selector.ts';

const sidecar = (name: string, labels = '', ns = 'shop'): string =>
  `---\napiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata:\n  namespace: ${ns}\n  name: ${name}\nspec:\n  workloadSelector:\n    labels: {${labels}}\n`;
const pod = (name: string, labels: string, annotations = ''): string =>
  `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: shop, labels: {${labels}}, annotations: {${annotations}}}\nspec: {}\n`;
const namespace = (labels: string): string => `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {${labels}}}\n`;
const ambientPod = pod('cart-1', 'app: cart', 'ambient.istio.io/redirection: enabled');
const codes = (yaml: string, options: TestOptions = {}): string[] => runAnalyzer(analyzer, yaml, options).map(({ code, line }) => `${code}:${line}`);

it.each([
  ['one of each', sidecar('a') + sidecar('b', 'app: cart') + pod('cart-1', 'app: cart'), []],
  ['a selector of nothing', sidecar('a', 'version: v1, app: cart') + pod('cart-1', 'app: cart'), ['IST0101:9']],
  ['pods of another namespace', sidecar('a', 'app: cart', 'front') + pod('cart-1', 'app: cart'), ['IST0101:9']],
  ['two for one pod', sidecar('a', 'app: cart') + sidecar('b', 'version: v1') + pod('c', 'app: cart, version: v1'), ['IST0110:6', 'IST0110:15']],
  ['two for two pods', sidecar('a', 'app: cart') + sidecar('b', 'version: v1') + pod('c', 'app: cart') + pod('d', 'version: v1'), []],
  ['two for a namespace', sidecar('a') + sidecar('b'), ['IST0111:6', 'IST0111:15']],
  ['two for two namespaces', sidecar('a') + sidecar('b', '', 'front'), []],
  ['an ambient pod', sidecar('a', 'app: cart') + ambientPod, ['IST0167:8']],
  ['two for an ambient pod', sidecar('a', 'app: cart') + sidecar('b', 'app: cart') + ambientPod, ['IST0167:8', 'IST0167:17']],
  ['two ambient pods: once', sidecar('a', 'app: cart') + ambientPod + ambientPod.replace('cart-1', 'cart-2'), ['IST0167:8']],
  ['an ambient namespace', sidecar('a') + sidecar('b') + namespace('istio.io/dataplane-mode: ambient'), ['IST0167:6', 'IST0167:15']],
  ['ambient, but injected', sidecar('a') + namespace('istio.io/dataplane-mode: ambient, istio-injection: enabled'), []],
  ['ambient, but of a revision', sidecar('a') + namespace('istio.io/dataplane-mode: ambient, istio.io/rev: blue'), []],
  ['a pod in an ambient namespace', sidecar('a', 'app: cart') + pod('c', 'app: cart') + namespace('istio.io/dataplane-mode: ambient'), []],
])('%s', (_, yaml, expected) => {
  expect(codes(yaml)).toEqual(expected);
});

it('names all, sorted', () => {
  const [said] = runAnalyzer(analyzer, sidecar('b', 'app: cart') + sidecar('a', 'app: cart') + pod('cart-1', 'app: cart'));
  expect(said?.text).toContain('[a b] in namespace "shop" all select the workload "cart-1"');
});

it('says nothing of a selector when the input has no pods', () => {
  const yaml = sidecar('a', 'app: cart');
  expect(codes(yaml, { assume: 'auto' })).toEqual([]);
  expect(codes(yaml + pod('pay-1', 'app: pay'), { assume: 'auto' })).toEqual(['IST0101:9']);
});
