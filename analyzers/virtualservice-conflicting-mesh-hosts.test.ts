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
  ['one alone', [service('a/x', 'cart')], []],
  ['other hosts', [service('a/x', 'cart'), service('a/y', 'ledger')], []],
  ['the same host', [service('a/x', 'cart'), service('a/y', 'cart')], ['5 a/x, a/y all define host */cart.a.svc.cluster.local', '12 a/x, a/y all define host */cart.a.svc.cluster.local']],
  ['short names of two namespaces', [service('a/x', 'cart'), service('b/y', 'cart')], []],
  ['short and whole', [service('a/x', 'cart'), service('b/y', 'cart.a.svc.cluster.local')], ['5 a/x, b/y all define host */cart.a.svc.cluster.local', '12 a/x, b/y all define host */cart.a.svc.cluster.local']],
  ['case counts', [service('a/x', 'A.example'), service('a/y', 'a.example')], []],
  ['one on a gateway only', [service('a/x', 'cart'), service('a/y', 'cart', ', gateways: [edge]')], []],
  ['one on a gateway, too', [service('a/x', 'cart'), service('a/y', 'cart', ', gateways: [edge, mesh]')], ['5 a/x, a/y all define host */cart.a.svc.cluster.local', '12 a/x, a/y all define host */cart.a.svc.cluster.local']],
  ['wildcards for everyone do not conflict', [service('a/x', '"*.example"'), service('a/y', '"*.b.example"')], []],
  ['private in two namespaces', [service('a/x', 'c.example', ', exportTo: ["."]'), service('b/y', 'c.example', ', exportTo: ["."]')], []],
  ['private against a wildcard for everyone', [service('a/x', '"*.example"'), service('b/y', 'c.example', ', exportTo: ["."]')], ['5 a/x, b/y all define host b/c.example', '12 a/x, b/y all define host b/c.example']],
  ['both exported to one namespace', [service('a/x', 'c.example', ', exportTo: [z]'), service('b/y', 'c.example', ', exportTo: [z, y]')], ['5 a/x, b/y all define host z/c.example', '12 a/x, b/y all define host z/c.example']],
  ['one host twice in one', [service('a/x', 'cart, cart.a.svc.cluster.local')], []],
  ['no hosts', [service('a/x', ''), service('a/y', '')], []],
])('%s', (_, yaml, expected) => expect(run(yaml)).toEqual(expected));

it('reports each virtual service once, with its first conflict', () => {
  const yaml = [service('a/x', 'one.example, two.example'), service('a/y', 'two.example'), service('a/z', 'one.example')];
  expect(run(yaml)).toEqual([
    '5 a/x, a/z all define host */one.example',
    '12 a/x, a/y all define host */two.example',
    '19 a/x, a/z all define host */one.example',
  ]);
});

it("follows the mesh's default for exportTo, which the reference does not know", () => {
  const yaml = [service('a/x', 'c.example'), service('b/y', 'c.example')];
  const meshConfig = { defaultVirtualServiceExportTo: ['.'] };
  expect(run(yaml, { meshConfig })).toHaveLength(2);
  expect(run(yaml, { meshConfig, preset: 'recommended' })).toEqual([]);
});
