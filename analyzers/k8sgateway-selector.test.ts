import { expect, it } from 'vitest';
import { runAnalyzer } from '../src/analysis/testing.ts';
import analyzer from './k8sgateway-selector.ts';

const pod = (name: string, gateway = 'gateway.networking.k8s.io/gateway-name: edge, '): string =>
  `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: shop, labels: {${gateway}app: gw}}\nspec: {containers: []}\n`;
const policy = (spec: string, kind = 'AuthorizationPolicy', group = 'security', ns = 'shop'): string =>
  `---\napiVersion: ${group}.istio.io/v1\nkind: ${kind}\nmetadata: {name: p, namespace: ${ns}}\nspec: {${spec}}\n`;
const selector = 'selector: {matchLabels: {app: gw}}';
const pods = pod('gw-1') + pod('gw-2');

it.each([
  ['AuthorizationPolicy', pods + policy(selector), ['edge']],
  ['RequestAuthentication', pods + policy(selector, 'RequestAuthentication'), ['edge']],
  ['Telemetry', pods + policy(selector, 'Telemetry', 'telemetry'), ['edge']],
  ['WasmPlugin', pods + policy(`${selector}, url: a`, 'WasmPlugin', 'extensions').replace('/v1\nkind: Wasm', '/v1alpha1\nkind: Wasm'), ['edge']],
  ['PeerAuthentication', pods + policy(selector, 'PeerAuthentication'), []],
  ['an empty selector', pods + policy('selector: {}'), ['edge']],
  ['no selector', pods + policy('rules: [{}]'), []],
  ['other labels', pods + policy('selector: {matchLabels: {app: cart}}'), []],
  ['another namespace', pods + policy(selector, 'AuthorizationPolicy', 'security', 'front'), []],
  ['a target', pods + policy(`${selector}, targetRef: {kind: Gateway, name: edge}`), []],
  ['targets', pods + policy(`${selector}, targetRefs: [{kind: Gateway, name: edge}]`), ['edge']],
  ['pods of no gateway', pod('gw-1', '') + policy(selector), []],
])('%s', (_, yaml, expected) => {
  expect(runAnalyzer(analyzer, yaml).map(({ text }) => /Gateway (\w+)/.exec(text)?.[1])).toEqual(expected);
});
