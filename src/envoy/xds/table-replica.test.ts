import { expect, it } from 'vitest';
import type { ProxyIdentity } from '../../ir/table.ts';
import type { TablePart } from '../../ir/table-part.ts';
import type { DeltaResource } from './client-messages.ts';
import { type ReplicaState, TableReplica } from './table-replica.ts';

const proxy: ProxyIdentity = {
  role: 'sidecar',
  namespace: 'shop',
  name: 'cart',
  labels: { app: 'cart' },
  serviceAccount: 'default',
  locality: { region: '', zone: '', subzone: '' },
  addresses: [],
};

const resource = (name: string, part: unknown, version = '1'): DeltaResource => ({ name, version, bytes: Buffer.from(JSON.stringify(part)) });
const raw = (name: string, bytes: Uint8Array): DeltaResource => ({ name, version: '1', bytes });

const mesh = resource('mesh', { kind: 'mesh', mesh: { trustDomain: 'cluster.local' }, envoyPatches: [], statuses: [] });
const routes = (...hosts: string[]): DeltaResource => resource('routes/80', { kind: 'routes', routes: { name: '80' }, hosts } as unknown as TablePart);
const host = (name: string, version = '1'): DeltaResource => resource(`host/80/${name}`, { kind: 'host', host: { name, routes: [version] } }, version);

const hostsOf = (state: ReplicaState): unknown =>
  state.kind === 'complete' ? state.table.routes.flatMap(({ virtualHosts }) => virtualHosts.map(({ name }) => name)) : state;

it('a table is complete when all is there that its parts name', () => {
  const replica = new TableReplica(proxy);
  const steps = [[mesh], [routes('a', 'b')], [host('b')], [host('a')]].map((resources) => hostsOf(replica.update({ resources, removed: [] })));
  const incomplete = { kind: 'incomplete' };
  expect(steps).toEqual([[], incomplete, incomplete, ['a', 'b']]);
  const state = replica.update({ resources: [], removed: [] });
  expect(state.kind === 'complete' && state.table.proxy).toBe(proxy);
  expect(Object.fromEntries(replica.versions)).toEqual({ mesh: '1', 'routes/80': '1', 'host/80/a': '1', 'host/80/b': '1' });
});

it('what is removed is gone, whether it is named or sent without content', () => {
  const replica = new TableReplica(proxy);
  replica.update({ resources: [mesh, routes('a', 'b', 'c'), host('a'), host('b'), host('c')], removed: [] });
  const state = replica.update({ resources: [routes('c'), { name: 'host/80/a', version: '', bytes: undefined }], removed: ['host/80/b'] });
  expect(hostsOf(state)).toEqual(['c']);
  expect([...replica.versions.keys()]).toEqual(['mesh', 'routes/80', 'host/80/c']);
});

it.each<[string, DeltaResource, RegExp]>([
  ['no JSON', raw('host/80/a', Buffer.from('{')), /^host\/80\/a: no JSON: /],
  ['no UTF-8', raw('host/80/a', Buffer.from([0x22, 0xff, 0x22])), /^host\/80\/a: no JSON: /],
  ['null', resource('host/80/a', null), /^host\/80\/a: of kind undefined, which this version of weft does not know$/],
  ['another kind', resource('filter/x', { kind: 'filter' }), /^filter\/x: of kind "filter", which/],
  ['a kind of every object', resource('constructor', { kind: 'constructor' }), /of kind "constructor"/],
  ['the kind of another part', resource('host/80/a', { kind: 'listener', listener: {} }), /^host\/80\/a: the name is not that of a part of kind listener$/],
  ['without its content', resource('routes/80', { kind: 'routes', routes: {} }), /^routes\/80: it has no hosts$/],
])('a part that cannot be read: %s', (_, part, expected) => {
  const replica = new TableReplica(proxy);
  replica.update({ resources: [mesh, routes('a'), host('a')], removed: [] });
  const problem = (state: ReplicaState): string => (state.kind === 'unreadable' ? state.problem : state.kind);
  expect(problem(replica.update({ resources: [part], removed: [] }))).toMatch(expected);
  // Until it is repaired, whatever else comes.
  expect(problem(replica.update({ resources: [host('a', '2')], removed: part.name === 'host/80/a' ? ['x'] : [] }))).toMatch(
    part.name === 'host/80/a' ? /^complete$/ : expected,
  );
  expect(problem(replica.update({ resources: [routes('a')], removed: part.name === 'routes/80' ? [] : [part.name] }))).toBe(
    part.name === 'host/80/a' ? 'incomplete' : 'complete',
  );
});

it('many unreadable parts are counted', () => {
  const replica = new TableReplica(proxy);
  const state = replica.update({ resources: [1, 2, 3, 4, 5].map((i) => resource(`x/${i}`, {})), removed: [] });
  expect(state).toMatchObject({ kind: 'unreadable', problem: expect.stringMatching(/^x\/1: .*; x\/3: [^;]*; and 2 more$/) });
});

it('parts that did not change are the same objects in the next table', () => {
  const replica = new TableReplica(proxy);
  const resources = [mesh, routes('a'), host('a'), resource('routes/81', { kind: 'routes', routes: { name: '81' }, hosts: [] })];
  const first = replica.update({ resources, removed: [] });
  const second = replica.update({ resources: [host('a', '2')], removed: [] });
  if (first.kind !== 'complete' || second.kind !== 'complete') throw new Error('there is no table');
  expect(second.table.routes.map((own, i) => own === first.table.routes[i])).toEqual([false, true]);
});
