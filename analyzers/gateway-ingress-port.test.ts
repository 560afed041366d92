import { expect, it } from 'vitest';
import { findingsOf, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './gateway-ingress-port.ts';

const gateway = (port: string, selector = 'istio: gw'): string =>
  `apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: edge, namespace: shop}\nspec: {selector: {${selector}}, servers: [null, ${port}]}`;
const open = (port: number, more = ''): string => gateway(`{port: {number: ${port}, name: p, protocol: HTTP}, hosts: [x]${more}}`);
const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: infra, labels: {istio: gw, app: gw}}';
const service = (ports: string, selector = '{istio: gw}', namespace = 'infra'): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: gw, namespace: ${namespace}}\nspec: {selector: ${selector}, ports: ${ports}}`;
const run = (yaml: string[], options: TestOptions = {}): string[] =>
  findingsOf(analyzer, yaml.join('\n---\n'), options).map((f) => `${f.code} ${f.path?.join('.')} ${f.text}`);
const unreached = (port: number): string => `IST0162 spec.selector.istio no Service of the gateway workloads (istio=gw) has target port ${port}`;

it.each([
  ['a target port', [pod, service('[{port: 80, targetPort: 8080, protocol: TCP}]'), open(8080)], []],
  ['a port', [pod, service('[{port: 80, targetPort: 8080, protocol: TCP}]'), open(80)], []],
  ['a port without a target port', [pod, service('[{port: 80, protocol: TCP}]'), open(80)], []],
  ['a port with a named target port', [pod, service('[{port: 80, targetPort: http, protocol: TCP}]'), open(80)], []],
  ['a target port in quotes', [pod, service('[{port: 80, targetPort: "8080", protocol: TCP}]'), open(8080)], []],
  ['neither', [pod, service('[{port: 80, targetPort: 8080, protocol: TCP}]'), open(81)], [unreached(81)]],
  ['UDP', [pod, service('[{port: 80, protocol: UDP}]'), open(80)], [unreached(80)]],
  ['a Service of other pods', [pod, service('[{port: 80, protocol: TCP}]', '{istio: x}'), open(80)], [unreached(80)]],
  ['a Service of another namespace', [pod, service('[{port: 80, protocol: TCP}]', '{istio: gw}', 'shop'), open(80)], [unreached(80)]],
  ['no Service', [pod, open(80)], [unreached(80)]],
  ['a server without a port', [pod, gateway('{hosts: [x]}')], []],
  ['ports of wrong types', [pod, service('[null, 5, {port: x}]'), open(80)], [unreached(80)]],
  ['no workload', [service('[]'), open(80)], ['IST0101 spec.selector.istio no workload has the labels of selector "istio=gw"']],
  [
    'no workload for several labels',
    [pod, gateway('null', 'zone: eu, app: gw')],
    ['IST0101 spec.selector.app no workload has the labels of selector "app=gw,zone=eu"'],
  ],
  ['an empty selector without workloads', [gateway('null', '')], ['IST0101 spec.selector no workload has the labels of selector ""']],
])('%s', (_, yaml, expected) => expect(run(yaml)).toEqual(expected));

it.each([
  ['a protocol that is not written', [pod, service('[{port: 80}]'), open(80)], 1, 0],
  ['a Service that selects nothing', [pod, service('[{port: 80, protocol: TCP}]', '{}'), open(80)], 0, 1],
  ['a socket', [pod, open(0, ', bind: "unix:///x"')], 1, 0],
])('is right where the reference is not: %s', (_, yaml, reference, recommended) => {
  expect(run(yaml)).toHaveLength(reference);
  expect(run(yaml, { preset: 'recommended' })).toHaveLength(recommended);
});

it.each([
  ['no pods', [open(80)], 0],
  ['no pod of the gateway', [pod, gateway('null', 'app: x')], 1],
  ['no pod of a gateway that Istio installs', [pod, gateway('null', 'istio: ingressgateway')], 0],
  ['no Services', [pod, open(80)], 0],
])('says only what is known: %s', (_, yaml, count) => expect(run(yaml, { assume: 'auto' })).toHaveLength(count));
