import { expect, it } from 'vitest';
import { runAnalyzer } from '../src/analysis/testing.ts';
import type { MeshConfig } from '../src/manifest/istio/mesh.gen.ts';
import analyzer from './injection-image.ts';

const namespace = (labels = 'istio-injection: enabled'): string => `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {${labels}}}\n`;
const injector = (global = '{"hub": "docker.io/istio", "tag": "1.28.1", "proxy": {"image": "proxyv2"}}', name = 'istio-sidecar-injector'): string =>
  `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: istio-system}\ndata: {values: '{"global": ${global}}'}\n`;
const pod = (tag: string, meta = '', containers = 'containers', name = 'cart-1'): string =>
  `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: shop, labels: {app: cart}, ${meta}}\nspec: {${containers}: [{name: istio-proxy, image: "docker.io/istio/proxyv2:${tag}"}]}\n`;
const proxyConfig = (type: string, ns = 'shop', selector = ''): string =>
  `---\napiVersion: networking.istio.io/v1beta1\nkind: ProxyConfig\nmetadata: {name: ${type}-${ns}, namespace: ${ns}}\nspec: {image: {imageType: ${type}}${selector}}\n`;
const base = namespace() + injector();

it.each([
  ['the same image', base + pod('1.28.1'), []],
  ['another tag', base + pod('1.27.0'), ['cart-1']],
  ['a native sidecar', base + pod('1.27.0', '', 'initContainers'), ['cart-1']],
  ['two pods', base + pod('1.27.0', '', 'containers', 'pay-1') + pod('1.27.0'), ['cart-1 pay-1']],
  ['an image of its own', base + pod('1.27.0', 'annotations: {sidecar.istio.io/proxyImage: x}'), []],
  ['no injection', namespace('a: b') + injector() + pod('1.27.0'), []],
  ['no injector', namespace() + pod('1.27.0'), []],
  ['a revision', namespace('istio.io/rev: blue') + injector(undefined, 'istio-sidecar-injector-blue') + pod('1.27.0'), ['cart-1']],
  ['a revision without an injector', namespace('istio.io/rev: blue') + injector() + pod('1.27.0'), []],
  ['a whole image', namespace() + injector('{"hub": "h", "tag": "t", "proxy": {"image": "docker.io/istio/proxyv2:1.28.1"}}') + pod('1.28.1'), []],
  ['another type', base + pod('1.28.1-debug'), ['cart-1']],
  ['the type of the mesh', base + proxyConfig('debug', 'istio-system') + pod('1.28.1-debug'), []],
  ['the type of the namespace', base + proxyConfig('distroless', 'istio-system') + proxyConfig('debug') + pod('1.28.1-debug'), []],
  ['the type of the workload', base + proxyConfig('debug', 'shop', ', selector: {matchLabels: {app: cart}}') + pod('1.28.1-debug'), []],
  ['the type of another workload', base + proxyConfig('debug', 'shop', ', selector: {matchLabels: {app: pay}}') + pod('1.28.1-debug'), ['cart-1']],
  [
    'the type of a workload with more labels',
    base + proxyConfig('debug', 'shop', ', selector: {matchLabels: {app: cart, version: v1}}') + pod('1.28.1-debug'),
    ['cart-1'],
  ],
  ['the type of all workloads', base + proxyConfig('debug', 'shop', ', selector: {}') + pod('1.28.1-debug'), []],
  ['the type by annotation', base + pod('1.28.1-debug', 'annotations: {proxy.istio.io/config: "image: {imageType: debug}"}'), []],
  [
    'the default type by annotation',
    base + proxyConfig('debug') + pod('1.28.1-debug', 'annotations: {proxy.istio.io/config: "image: {imageType: default}"}'),
    ['cart-1'],
  ],
  ['an annotation that is not YAML', base + pod('1.28.1', 'annotations: {proxy.istio.io/config: "image: ["}'), []],
])('%s', (_, yaml, expected) => {
  expect(runAnalyzer(analyzer, yaml).map(({ text }) => /\[(.*)\]/.exec(text)?.[1])).toEqual(expected);
});

it('takes the type of the mesh configuration', () => {
  const meshConfig: MeshConfig = { defaultConfig: { image: { imageType: 'distroless' } } };
  expect(runAnalyzer(analyzer, base + pod('1.28.1-distroless'), { meshConfig })).toEqual([]);
});
