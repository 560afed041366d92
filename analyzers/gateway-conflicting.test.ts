import { expect, it } from 'vitest';
import { findingsOf, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './gateway-conflicting.ts';

const server = (hosts: string, port = 80, more = ''): string => `{port: {number: ${port}, name: p, protocol: HTTP}, hosts: [${hosts}]${more}}`;
const gateway = (name: string, servers: string, selector = 'istio: gw'): string =>
  `apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: ${name}, namespace: shop}\nspec: {selector: {${selector}}, servers: [${servers}]}`;
const pod = (labels: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: infra, labels: {${labels}}}`;
const run = (yaml: string[], options: TestOptions = {}): string[] =>
  findingsOf(analyzer, yaml.join('\n---\n'), options).map((f) => `${f.resource.name}.${f.path?.[2]} ${/(?:gateways|selector) (.*)$/.exec(f.text)?.[1]}`);

it.each([
  ['one host', [gateway('a', server('x')), gateway('b', server('x'))], ['a.0 shop/b', 'b.0 shop/a']],
  ['another host', [gateway('a', server('x')), gateway('b', server('y.x'))], []],
  ['a wildcard beside a name', [gateway('a', server('"*.x"')), gateway('b', server('y.x'))], []],
  ['another port', [gateway('a', server('x')), gateway('b', server('x', 81))], []],
  ['another address', [gateway('a', server('x', 80, ', bind: 10.0.0.1')), gateway('b', server('x'))], []],
  ['other workloads', [gateway('a', server('x')), gateway('b', server('x'), 'istio: other')], []],
  ['twice in one gateway', [gateway('a', `${server('x')}, ${server('x')}`)], []],
  [
    'each server',
    [gateway('a', `${server('x')}, ${server('y.x')}`), gateway('b', server('x')), gateway('c', server('y.x'))],
    ['a.0 shop/b', 'a.1 shop/c', 'b.0 shop/a', 'c.0 shop/a'],
  ],
  ['the first of two servers on a port', [gateway('a', `${server('x')}, ${server('y.x')}`), gateway('b', server('x'))], ['a.0 shop/b', 'b.0 shop/a']],
  [
    'several others',
    [gateway('c', server('x')), gateway('a', server('x')), gateway('b', server('x'))],
    ['a.0 shop/b, shop/c', 'b.0 shop/a, shop/c', 'c.0 shop/a, shop/b'],
  ],
  ['a third that has nothing to do with it', [gateway('a', server('x')), gateway('b', server('z.x')), gateway('c', server('x'))], ['a.0 shop/c', 'c.0 shop/a']],
  ['null servers', [gateway('a', 'null'), gateway('b', 'null, {hosts: [x]}')], []],
])('%s', (_, yaml, expected) => expect(run(yaml, { preset: 'recommended' })).toEqual(expected));

it.each([
  ['two gateways', [gateway('a', server('x')), gateway('b', server('x'))], ['a.0 shop/b', 'b.0 shop/a']],
  ['another address', [gateway('a', server('x', 80, ', bind: 10.0.0.1')), gateway('b', server('x'))], []],
  ['of two servers on a port it compares with the last', [gateway('a', `${server('x')}, ${server('y.x')}`), gateway('b', server('x'))], ['a.0 shop/b']],
  ['it finds the last', [gateway('a', `${server('y.x')}, ${server('x')}`), gateway('b', server('x'))], ['a.1 shop/b', 'b.0 shop/a']],
  [
    'a third gets the hosts that were compared with it',
    [gateway('a', server('x')), gateway('b', server('x')), gateway('c', server('z'))],
    ['a.0 shop/b', 'b.0 shop/a, shop/c'],
  ],
  ['no conflict, whatever was compared', [gateway('a', server('x')), gateway('b', server('y.x')), gateway('c', server('z'))], []],
  ['the same twice is said once', [gateway('a', `${server('x')}, ${server('x')}`), gateway('b', server('x'))], ['a.0 shop/b', 'b.0 shop/a']],
])('as the reference: %s', (_, yaml, expected) => expect(run(yaml)).toEqual(expected));

it('compares no very many gateways each with each', () => {
  const yaml = Array.from({ length: 400 }, (_, i) => gateway(`g${i}`, server(`h${i >> 1}`)));
  expect(run(yaml)).toHaveLength(400);
});

const wide = gateway('a', server('x'));
const narrow = gateway('b', server('x'), 'istio: gw, zone: eu');
it.each([
  ['a narrower selector with a common pod', [wide, narrow, pod('istio: gw, zone: eu')], ['a.0 shop/b', 'b.0 shop/a']],
  ['a narrower selector without a common pod', [wide, narrow, pod('istio: gw')], []],
  ['a selector without labels', [wide, gateway('b', server('x'), ''), pod('istio: gw')], ['a.0 shop/b', 'b.0 shop/a']],
])('selectors: %s', (_, yaml, expected) => expect(run(yaml)).toEqual(expected));

it('finds a common pod of selectors whose texts do not contain each other, except as the reference does', () => {
  const yaml = [wide, gateway('b', server('x'), 'zone: eu'), pod('istio: gw, zone: eu')];
  expect(run(yaml)).toEqual([]);
  expect(run(yaml, { preset: 'recommended' })).toEqual(['a.0 shop/b', 'b.0 shop/a']);
});

it('takes the selector of a gateway without servers for unknown, as the reference does', () => {
  expect(run([gateway('a', ''), pod('istio: gw')])).toEqual(['a.istio "istio=gw"']);
  expect(run([gateway('a', ''), gateway('b', server('x'))])).toEqual([]);
  expect(run([gateway('a', ''), pod('istio: gw')], { preset: 'recommended' })).toEqual([]);
});
