import { expect, it } from 'vitest';
import { runAnalyzer, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './virtualservice-conflicting-mesh-hosts.ts';

const service = (name: string, hosts: string, more = ''): string => {
  const [namespace, short] = name.split('/');
  return `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  namespace: ${namespace}\n  name: ${short}\nspec: {hosts: [${hosts}]${more}}`;
};
const run = (yaml: string[], options: TestOptions = {}): string[] =>
  runAnalyzer(analyzer, yaml.join('\n---\n'), options).map((s) => `${s.line} ${/services (.*) for sidecars/.exec(s.text)?.[1]}`);

it.each([
  ['one alone', [service('a/p', 'cart')], []],
  ['other hosts', [service('a/p', 'cart'), service('a/q', 'ledger')], []],
  [
    'the same host',
    [service('a/p', 'cart'), service('a/q', 'cart')],
    ['5 a/p, a/q all define host */cart.a.svc.cluster.local', '12 a/p, a/q all define host */cart.a.svc.cluster.local'],
  ],
  ['short names of two namespaces', [service('a/p', 'cart'), service('b/q', 'cart')], []],
  [
    'short and whole',
    [service('a/p', 'cart'), service('b/q', 'cart.a.svc.cluster.local')],
    ['5 a/p, b/q all define host */cart.a.svc.cluster.local', '12 a/p, b/q all define host */cart.a.svc.cluster.local'],
  ],
  ['case counts', [service('a/p', 'A.example'), service('a/q', 'a.example')], []],
  ['one on a gateway only', [service('a/p', 'cart'), service('a/q', 'cart', ', gateways: [edge]')], []],
  [
    'one on a gateway, too',
    [service('a/p', 'cart'), service('a/q', 'cart', ', gateways: [edge, mesh]')],
    ['5 a/p, a/q all define host */cart.a.svc.cluster.local', '12 a/p, a/q all define host */cart.a.svc.cluster.local'],
  ],
  ['wildcards for everyone do not conflict', [service('a/p', '"*.example"'), service('a/q', '"*.b.example"')], []],
  ['private in two namespaces', [service('a/p', 'c.example', ', exportTo: ["."]'), service('b/q', 'c.example', ', exportTo: ["."]')], []],
  [
    'private against a wildcard for everyone',
    [service('a/p', '"*.example"'), service('b/q', 'c.example', ', exportTo: ["."]')],
    ['5 a/p, b/q all define host b/c.example', '12 a/p, b/q all define host b/c.example'],
  ],
  [
    'both exported to one namespace',
    [service('a/p', 'c.example', ', exportTo: [z]'), service('b/q', 'c.example', ', exportTo: [z, w]')],
    ['5 a/p, b/q all define host z/c.example', '12 a/p, b/q all define host z/c.example'],
  ],
  ['no hosts', [service('a/p', ''), service('a/q', '')], []],
])('%s', (_, yaml, expected) => expect(run(yaml)).toEqual(expected));

it('takes one that names a host twice for two, as the reference does', () => {
  const yaml = service('a/p', 'cart, cart.a.svc.cluster.local');
  expect(runAnalyzer(analyzer, yaml)).toMatchObject([
    { line: 5, text: 'virtual service a/p defines host */cart.a.svc.cluster.local twice for sidecars (gateway "mesh")' },
  ]);
  expect(run([yaml], { preset: 'recommended' })).toEqual([]);
});

it('reports each virtual service once, with its first conflict', () => {
  const yaml = [service('a/p', 'one.example, two.example'), service('a/q', 'two.example'), service('a/r', 'one.example')];
  expect(run(yaml)).toEqual([
    '5 a/p, a/r all define host */one.example',
    '12 a/p, a/q all define host */two.example',
    '19 a/p, a/r all define host */one.example',
  ]);
});

it("follows the mesh's default for exportTo, which the reference does not know", () => {
  const yaml = [service('a/p', 'c.example'), service('b/q', 'c.example')];
  const meshConfig = { defaultVirtualServiceExportTo: ['.'] };
  expect(run(yaml, { meshConfig })).toHaveLength(2);
  expect(run(yaml, { meshConfig, preset: 'recommended' })).toEqual([]);
});
