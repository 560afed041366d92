import { expect, it } from 'vitest';
import { runAnalyzer } from '../src/analysis/testing.ts';
import analyzer from './injection.ts';

const namespace = (labels: string, name = 'shop'): string => `---\napiVersion: v1\nkind: Namespace\nmetadata:\n  labels: {${labels}}\n  name: ${name}\n`;
const injector = (values: string, name = 'istio-sidecar-injector', ns = 'istio-system'): string =>
  `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: ${ns}}\ndata: {values: '${values}'}\n`;
const pod = (meta: string, spec = '{containers: [{name: app, image: a}]}', ns = 'shop'): string =>
  `---\napiVersion: v1\nkind: Pod\nmetadata: {name: cart-1, namespace: ${ns}, ${meta}}\nspec: ${spec}\n`;
const on = '{"sidecarInjectorWebhook": {"enableNamespacesByDefault": true}}';
const codes = (yaml: string): string[] => runAnalyzer(analyzer, yaml).map(({ code }) => code);

it.each([
  ['a: b', ['IST0102']],
  ['istio-injection: ""', ['IST0102']],
  ['istio-injection: disabled', []],
  ['istio-injection: enabled', []],
  ['istio.io/rev: blue', []],
  ['istio.io/dataplane-mode: ambient', []],
  ['istio.io/dataplane-mode: none', ['IST0102']],
  ['istio-injection: enabled, istio.io/rev: blue', ['IST0123']],
  ['istio-injection: enabled, istio.io/dataplane-mode: ambient', ['IST0123']],
  ['istio.io/rev: blue, istio.io/dataplane-mode: ambient', ['IST0123']],
  ['istio-injection: disabled, istio.io/rev: blue', []],
])('a namespace with the labels %s', (labels, expected) => {
  expect(codes(namespace(labels))).toEqual(expected);
});

it('names the labels as they are written, and the line of the name', () => {
  expect(runAnalyzer(analyzer, namespace('istio.io/dataplane-mode: ambient, istio.io/rev: blue, istio-injection: enabled'))[0]?.text).toContain(
    '[istio-injection=enabled istio.io/rev=blue istio.io/dataplane-mode=ambient]',
  );
  expect(runAnalyzer(analyzer, namespace('a: b'))[0]).toMatchObject({ level: 'Info', line: 6 });
});

it.each([
  ['on', injector(on), 'IST0148'],
  ['off', injector('{"sidecarInjectorWebhook": {"enableNamespacesByDefault": false}}'), 'IST0102'],
  ['not said', injector('{"global": {}}'), 'IST0102'],
  ['no JSON', injector('values'), 'IST0102'],
  ['on for another revision', injector(on, 'istio-sidecar-injector-blue'), 'IST0102'],
  ['on, and off elsewhere', injector(on) + injector('{}', 'istio-sidecar-injector', 'old'), 'IST0148'],
])('injection by default: %s', (_, map, expected) => {
  expect(codes(namespace('a: b') + map)).toEqual([expected]);
});

it('leaves the namespace of the control plane out', () => {
  expect(codes(namespace('a: b', 'istio-system'))).toEqual([]);
});

const enabled = namespace('istio-injection: enabled');
it.each([
  ['without a sidecar', enabled + pod(''), 1],
  ['with one', enabled + pod('', '{containers: [{name: app}, {name: istio-proxy, image: p}]}'), 0],
  ['with a native one', enabled + pod('', '{initContainers: [{name: istio-proxy, image: p}]}'), 0],
  ['with one that has no image', enabled + pod('', '{containers: [{name: istio-proxy}]}'), 1],
  ['that opts out', enabled + pod('labels: {sidecar.istio.io/inject: "False"}'), 0],
  ['that opts out by annotation', enabled + pod('annotations: {sidecar.istio.io/inject: "false"}'), 0],
  ['whose label is stronger', enabled + pod('labels: {sidecar.istio.io/inject: "true"}, annotations: {sidecar.istio.io/inject: "false"}'), 1],
  ['on the network of its host', enabled + pod('', '{hostNetwork: true, containers: []}'), 0],
  ['in a namespace with a revision', namespace('istio.io/rev: blue') + pod(''), 0],
  ['in ambient mode', namespace('istio.io/dataplane-mode: ambient') + pod(''), 0],
  ['in another namespace', enabled + pod('', '{}', 'front'), 0],
])('a pod %s', (_, yaml, count) => {
  expect(codes(yaml)).toEqual(Array(count).fill('IST0103'));
});
