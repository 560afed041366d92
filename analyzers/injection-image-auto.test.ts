import { expect, it } from 'vitest';
import { runAnalyzer, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './injection-image-auto.ts';

const containers = (image: string, name = 'istio-proxy'): string => `containers: [{name: ${name}, image: ${image}}]`;
const pod = (spec = containers('auto')): string => `---\napiVersion: v1\nkind: Pod\nmetadata: {name: gw, namespace: shop}\nspec: {${spec}}\n`;
const deployment = (spec = containers('auto'), labels = 'a: b'): string =>
  `---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: gw, namespace: shop}\nspec: {template: {metadata: {labels: {${labels}}}, spec: {${spec}}}}\n`;
const namespace = (labels: string): string => `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {${labels}}}\n`;
const webhook = (hook: string): string =>
  `---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: i}\nwebhooks: [${hook}]\n`;
const byNamespace = '{name: sidecar-injector.istio.io, namespaceSelector: {matchLabels: {istio-injection: enabled}}}';
const byObject = '{name: sidecar-injector.istio.io, objectSelector: {matchLabels: {inject: "true"}}}';
const codes = (yaml: string, options: TestOptions = {}): string[] => runAnalyzer(analyzer, yaml, options).map(({ code }) => code);

it.each([
  ['a pod', pod(), ['IST0147']],
  ['a pod, whatever the webhooks', pod() + webhook('{name: a.istio.io}'), ['IST0147']],
  ['an image', pod(containers('docker.io/istio/proxyv2')), []],
  ['another container', pod(containers('auto', 'app')), []],
  ['no webhook', deployment(), ['IST0146']],
  ['a webhook for everything', deployment() + webhook('{name: a.istio.io}'), []],
  ['a webhook of another project', deployment() + webhook('{name: a.example.com}'), ['IST0146']],
  ['a namespace that is selected', deployment() + webhook(byNamespace) + namespace('istio-injection: enabled'), []],
  ['a namespace that is not', deployment() + webhook(byNamespace) + namespace('istio-injection: disabled'), ['IST0146']],
  ['a pod template that is selected', deployment(undefined, 'inject: "true"') + webhook(byObject), []],
  ['a pod template that is not', deployment() + webhook(byObject), ['IST0146']],
  ['no template', '---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: gw}\nspec: {template: null}\n', []],
])('%s', (_, yaml, expected) => {
  expect(codes(yaml)).toEqual(expected);
});

it.each([
  ['webhooks', deployment(), []],
  ['the namespace', deployment() + webhook(byNamespace), []],
  ['neither', deployment() + webhook(byNamespace) + namespace('a: b'), ['IST0146']],
])('says nothing when the input does not show %s', (_, yaml, expected) => {
  expect(codes(yaml, { assume: 'auto' })).toEqual(expected);
});
