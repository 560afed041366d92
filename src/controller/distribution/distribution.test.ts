import { describe, expect, it } from 'vitest';
import { typeUrls } from '../../envoy/type-urls.ts';
import { type DistributionRequest, readDistributionRequest } from '../../envoy/xds/control-plane-api.ts';
import type { XdsPeer } from '../../envoy/xds/server.ts';
import type { StreamProgress } from '../../envoy/xds/stream.ts';
import type { MeshSource } from '../xds/known-proxy.ts';
import { AbsentProxies, type AbsentProxy, comesBackMs } from './absent-proxies.ts';
import { Distribution, type KnownResource } from './distribution.ts';

const now = 1_000_000;
const request: DistributionRequest = { for: 'distribution', kind: 'VirtualService', namespace: 'shop', name: 'cart' };

function stream(name: string, acknowledged: number, more: Partial<StreamProgress> = {}): StreamProgress {
  const node = {
    id: `sidecar~10.0.0.1~${name}.shop~shop.svc.cluster.local`,
    cluster: '',
    locality: { region: '', zone: '', subzone: '' },
    metadata: {},
    userAgent: 'envoy/1.40.0',
  };
  return { node, peer: '10.0.0.1:4000', connectedAt: now - 5_000, acknowledged, isStarting: false, refusals: [], unanswered: [], ...more };
}

interface Facts {
  resource?: KnownResource;
  streams?: StreamProgress[];
  absent?: AbsentProxy[];
  source?: MeshSource;
}

const served: KnownResource = { resource: { state: 'served', resourceVersion: '7' }, generation: 4 };

function answer({ resource = served, streams = [], absent = [], source = 'cluster' }: Facts) {
  const distribution = new Distribution({
    source,
    about: () => ({ program: 'weft controller', version: '1', identity: 'me', startedAt: '2026-01-01T00:00:00.000Z' }),
    resource: () => resource,
    streams: () => streams,
    absent: () => absent,
    now: () => now,
  });
  return distribution.distribution(request);
}

const absentProxy = (name: string): AbsentProxy => ({ key: `shop/${name}`, name, namespace: 'shop', id: '', program: '', since: now - 2_000 });

describe('a proxy', () => {
  const refusal = { typeUrl: typeUrls.listener, text: 'no address', time: now - 3_000 };
  const unanswered = { typeUrl: typeUrls.routes, since: now - 2_000 };
  it.each<[name: string, progress: Partial<StreamProgress> & { acknowledged: number }, expected: object]>([
    ['that has the mesh', { acknowledged: 4 }, { state: 'acknowledged' }],
    ['that has a later one', { acknowledged: 5 }, { state: 'acknowledged' }],
    ['that refuses a later one', { acknowledged: 4, refusals: [refusal], unanswered: [unanswered] }, { state: 'acknowledged' }],
    ['that has the one before', { acknowledged: 3 }, { state: 'unsent' }],
    ['that is to answer', { acknowledged: 3, unanswered: [unanswered] }, { state: 'unanswered', forMs: 2_000, types: ['RDS'] }],
    ['that refuses it', { acknowledged: 3, refusals: [refusal] }, { state: 'refused', forMs: 3_000, types: ['LDS'], text: 'no address' }],
    ['that has connected just now', { acknowledged: -1, isStarting: true }, { state: 'starting', forMs: 5_000 }],
  ])('%s', async (_, { acknowledged, ...more }, expected) => {
    const { proxies } = await answer({ streams: [stream('cart-1', acknowledged, more)] });
    const { id, key, name, namespace, program, ...rest } = proxies[0] ?? {};
    expect([key, name, namespace, program]).toEqual(['shop/cart-1', 'cart-1', 'shop', 'envoy/1.40.0']);
    expect(rest).toEqual(expected);
  });

  it('has nothing of what is in no mesh yet', async () => {
    const { proxies } = await answer({ resource: { resource: { state: 'pending' }, generation: undefined }, streams: [stream('cart-1', 9)] });
    expect(proxies.map(({ state }) => state)).toEqual(['unsent']);
  });

  it.each(['invalid', 'ignored', 'unwatched'] as const)('is not concerned by what is %s', async (state) => {
    expect((await answer({ resource: { resource: { state }, generation: undefined }, streams: [stream('cart-1', 9)] })).proxies).toEqual([]);
  });

  it('that is connected is not missed', async () => {
    const { proxies } = await answer({ streams: [stream('cart-1', 4)], absent: [absentProxy('cart-1'), absentProxy('web-1')] });
    expect(proxies.map(({ name, state, forMs }) => [name, state, forMs])).toEqual([
      ['cart-1', 'acknowledged', undefined],
      ['web-1', 'unconnected', 2_000],
    ]);
  });

  it('is told apart from another of its name by its connection, where names are no pods', async () => {
    const streams = [stream('cart', 4, { peer: '127.0.0.1:1' }), stream('cart', 3, { peer: '127.0.0.1:2' })];
    const keys = async (source: MeshSource): Promise<number> => new Set((await answer({ streams, source })).proxies.map(({ key }) => key)).size;
    expect([await keys('cluster'), await keys('manifests')]).toEqual([1, 2]);
  });
});

describe('proxies that are to be expected', () => {
  const peer = (name: string): XdsPeer => ({ node: stream(name, 0).node, variant: 'delta', peer: '10.0.0.1:4000' });
  let time = now;
  const proxies = (servingSince: number | undefined, there: string[] = ['cart-1', 'web-1']): AbsentProxies =>
    new AbsentProxies({
      source: 'cluster',
      isThere: (_, name) => there.includes(name),
      expected: () => there.map((name) => ({ namespace: 'shop', name })),
      servingSince: () => servingSince,
      now: () => time,
    });
  const names = (list: AbsentProxies): string[] => list.list().map(({ name }) => name);

  it('are those that have lost their connection, for a while, as long as their workload is there', () => {
    time = now;
    const list = proxies(0, ['cart-1']);
    for (const name of ['cart-1', 'gone-1']) list.disconnected(peer(name));
    expect(names(list)).toEqual(['cart-1']);
    time += comesBackMs;
    expect(names(list)).toEqual(['cart-1']);
    time += 1;
    expect(names(list)).toEqual([]);
  });

  it('are not those that are back', () => {
    time = now;
    const list = proxies(0);
    list.disconnected(peer('cart-1'));
    list.connected(peer('cart-1'));
    expect(names(list)).toEqual([]);
  });

  it('are all that the cluster has, in the time after a start', () => {
    time = now;
    const list = proxies(now);
    list.disconnected(peer('web-1'));
    expect(names(list)).toEqual(['web-1', 'cart-1']);
    time += comesBackMs + 1;
    expect(names(list)).toEqual([]);
    expect(names(proxies(undefined))).toEqual([]);
  });

  it('are no more than a thousand', () => {
    time = now;
    const many = Array.from({ length: 1_500 }, (_, i) => `p-${i}`);
    const list = proxies(0, many);
    for (const name of many) list.disconnected(peer(name));
    expect(names(list)).toEqual(many.slice(500));
  });
});

it.each<[unknown, string]>([
  [null, 'a request is a JSON object'],
  [{}, 'for is distribution or delete'],
  [{ for: 'x' }, 'for is distribution or delete'],
  [{ for: 'delete', kind: '', name: 'a', namespace: 'b' }, 'kind, namespace and name are texts, and only the namespace may be empty'],
  [{ for: 'delete', kind: 'A', name: 1, namespace: 'b' }, 'kind, namespace and name are texts, and only the namespace may be empty'],
  [{ ...request, resourceVersion: 7 }, 'resourceVersion is a text'],
])('%j is no request', (value, problem) => {
  expect(readDistributionRequest(value)).toBe(problem);
});

it('a request is read, and nothing else', () => {
  expect(readDistributionRequest({ ...request, resourceVersion: '7', newest: true, more: 1 })).toEqual({ ...request, resourceVersion: '7', newest: true });
  expect(readDistributionRequest({ ...request, newest: 'yes' })).toEqual(request);
});
