import { describe, expect, it } from 'vitest';
import type { EnvoyPatch } from '../ir/envoy-patch.ts';
import type { RoutingTable } from '../ir/table.ts';
import { patchChanges } from './patches.ts';

/** `name TARGET OPERATION value`, or a patch of more words. */
function patch(name: string, more: Partial<EnvoyPatch>): EnvoyPatch {
  return {
    applyTo: 'CLUSTER',
    operation: 'MERGE',
    context: 'ANY',
    match: {},
    value: {},
    filterClass: 'UNSPECIFIED',
    origin: { kind: 'EnvoyFilter', namespace: 'shop', name, path: ['spec', 'configPatches', 0] } as EnvoyPatch['origin'],
    ...more,
  };
}

const told = (old: readonly EnvoyPatch[], now: readonly EnvoyPatch[]): string[] =>
  patchChanges({ envoyPatches: old } as unknown as RoutingTable, { envoyPatches: now } as unknown as RoutingTable).map(
    ({ mark, place, fields: [field] }) => `${mark} ${place}: ${field?.field} ${field?.old?.text ?? '-'} | ${field?.new?.text ?? '-'}`,
  );

const merge = (name: string, value: EnvoyPatch['value'], more: Partial<EnvoyPatch> = {}) => patch(name, { value, ...more });
const first = (name: string, filter: string) => patch(name, { applyTo: 'HTTP_FILTER', operation: 'INSERT_FIRST', value: { name: filter } });

describe('an order of patches that matters', () => {
  it.each<[string, EnvoyPatch, EnvoyPatch, string]>([
    ['both are first', first('a', 'lua'), first('b', 'wasm'), 'HTTP_FILTER: order INSERT_FIRST of shop/a, then INSERT_FIRST of shop/b'],
    ['one field, two values', merge('a', { lb_policy: 'RANDOM' }), merge('b', { lbPolicy: 'MAGLEV' }), 'CLUSTER: order MERGE of shop/a, then MERGE of shop/b'],
    ['a part of the other', merge('a', { x: { y: 1 } }), merge('b', { x: 'z' }), 'CLUSTER: order MERGE of shop/a, then MERGE of shop/b'],
    ['lists, which are joined', merge('a', { f: [1] }), merge('b', { f: [1] }, { context: 'GATEWAY' }), 'CLUSTER: order MERGE of shop/a, then MERGE of shop/b'],
    [
      'a name, and something else of the same cluster',
      merge('a', { x: 1 }, { match: { cluster: { name: 'outbound|80||cart' } } }),
      merge('b', { x: 2 }, { match: { cluster: { service: 'cart' } } }),
      'CLUSTER: order MERGE of shop/a, then MERGE of shop/b',
    ],
    [
      'one takes away what the other changes',
      patch('a', { operation: 'REMOVE' }),
      merge('b', { x: 1 }),
      'CLUSTER: order REMOVE of shop/a, then MERGE of shop/b',
    ],
  ])('%s', (_, a, b, expected) => {
    const [target, , was, is] = /^(\w+): (order) (.*?), then (.*)$/.exec(expected)?.slice(1) ?? [];
    expect(told([a, b], [b, a])).toEqual([`changed patches of ${target}: order ${was}, then ${is} | ${is}, then ${was}`]);
    expect(told([a, b], [a, b])).toEqual([]);
  });

  it('names those alone that are in another order', () => {
    const [a, b, c] = [first('a', 'x'), first('b', 'y'), first('c', 'z')];
    expect(told([a, b, c], [b, a, c])).toEqual([
      'changed patches of HTTP_FILTER: order INSERT_FIRST of shop/a, then INSERT_FIRST of shop/b | INSERT_FIRST of shop/b, then INSERT_FIRST of shop/a',
    ]);
  });
});

describe('an order of patches that does not', () => {
  it.each<[string, EnvoyPatch, EnvoyPatch]>([
    ['other targets', first('a', 'x'), merge('b', { x: 1 })],
    ['other fields', merge('a', { x: { y: 1 } }), merge('b', { x: { z: 1 } })],
    ['the same value', merge('a', { x: 1 }), merge('b', { x: 1, y: 2 })],
    ['other traffic', merge('a', { x: 1 }, { context: 'SIDECAR_INBOUND' }), merge('b', { x: 2 }, { context: 'SIDECAR_OUTBOUND' })],
    ['other clusters', merge('a', { x: 1 }, { match: { cluster: { service: 'a' } } }), merge('b', { x: 2 }, { match: { cluster: { service: 'b' } } })],
    ['other listeners', { ...first('a', 'x'), match: { listener: { portNumber: 80 } } }, { ...first('b', 'y'), match: { listener: { portNumber: 81 } } }],
    [
      'other virtual hosts',
      merge('a', { x: 1 }, { applyTo: 'VIRTUAL_HOST', match: { routeConfiguration: { vhost: { name: 'a' } } } }),
      merge('b', { x: 2 }, { applyTo: 'VIRTUAL_HOST', match: { routeConfiguration: { vhost: { name: 'b' } } } }),
    ],
  ])('%s', (_, a, b) => expect(told([a, b], [b, a])).toEqual([]));
});

describe('patches that come and go', () => {
  it('are counted: twice is not once', () => {
    const twice = first('a', 'x');
    expect(told([twice], [twice, twice])).toEqual(['added INSERT_FIRST HTTP_FILTER (ANY): patch - | {"name":"x"}']);
  });

  it('may be written in another EnvoyFilter', () => expect(told([first('a', 'x')], [first('b', 'x')])).toEqual([]));
});
