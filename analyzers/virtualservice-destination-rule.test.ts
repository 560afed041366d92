import { expect, it } from 'vitest';
import { findingsOf, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './virtualservice-destination-rule.ts';

const rule = (host: string, subsets: string, namespace = 'shop'): string =>
  `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r, namespace: ${namespace}}\nspec: {host: "${host}", subsets: [${subsets}]}`;
const route = (destination: string, namespace = 'shop', where = 'http: [{route: [{destination: {D}}]}]'): string =>
  `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: cart, namespace: ${namespace}}\nspec: {hosts: [cart], ${where.replace('D', destination)}}`;
const run = (yaml: string[], options: TestOptions = {}) => findingsOf(analyzer, yaml.join('\n---\n'), options);

it.each([
  ['declared', [rule('cart', '{name: v1}'), route('host: cart, subset: v1')], 0, 0],
  ['no subset', [route('host: cart')], 0, 0],
  ['no rule', [route('host: cart, subset: v1')], 1, 1],
  ['not declared', [rule('cart', '{name: v1}'), route('host: cart, subset: v2')], 1, 1],
  ['of another host', [rule('cart2', '{name: v1}'), route('host: cart, subset: v1')], 1, 1],
  ['by the whole name', [rule('cart.shop.svc.cluster.local', '{name: v1}', 'front'), route('host: cart, subset: v1')], 0, 0],
  ['short name of another namespace', [rule('cart', '{name: v1}', 'front'), route('host: cart, subset: v1')], 1, 1],
  ['without namespaces', [rule('cart', '{name: v1}', '""'), route('host: cart, subset: v1', '""')], 0, 0],
  ['an external host in another namespace', [rule('api.example', '{name: v1}', 'front'), route('host: api.example, subset: v1')], 1, 0],
  ['a wildcard rule', [rule('*.shop.svc.cluster.local', '{name: v1}'), route('host: cart, subset: v1')], 1, 0],
  ['a mirror', [route('host: cart, subset: v1', 'shop', 'http: [{mirror: {D}}]')], 1, 1],
  ['two mirrors', [route('host: cart, subset: v1', 'shop', 'http: [{mirrors: [{destination: {D}}, {destination: {host: cart, subset: v1}}]}]')], 1, 2],
  ['a tcp route', [route('host: cart, subset: v1', 'shop', 'tcp: [{route: [{destination: {D}}]}]')], 1, 1],
  ['null items', [rule('cart', 'null'), route('', 'shop', 'http: [null, {route: [null]}]')], 0, 0],
])('%s', (_, yaml, reference, recommended) => {
  expect(run(yaml)).toHaveLength(reference);
  expect(run(yaml, { preset: 'recommended' })).toHaveLength(recommended);
});

it('is silent without destination rules in the input', () => {
  expect(run([route('host: cart, subset: v1')], { assume: 'auto' })).toEqual([]);
});

it('tells where the subset could be', () => {
  const [finding] = run([rule('cart', '{name: canary}, {name: stable}'), route('host: cart, subset: canry')]);
  expect(finding).toMatchObject({
    text: 'subset "canry" of host "cart" does not exist',
    path: ['spec', 'http', 0, 'route', 0, 'destination', 'host'],
    help: 'did you mean "canary"?',
    fix: { path: ['spec', 'http', 0, 'route', 0, 'destination', 'subset'], target: 'value', text: 'canary' },
    related: [{ resource: { name: 'r' }, path: ['spec', 'subsets'] }],
  });
  const [precise] = run([rule('cart', '{name: canary}'), route('host: cart, subset: other')], { preset: 'recommended' });
  expect(precise).toMatchObject({ path: ['spec', 'http', 0, 'route', 0, 'destination', 'subset'], fix: undefined });
});
