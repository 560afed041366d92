import { describe, expect, it } from 'vitest';
import type { KubeResource, ListOptions } from './client.ts';
import { KubeError } from './error.ts';
import { type LoadOptions, type LoadProgress, loadCluster, type WantedKind } from './load.ts';

const served = (group: string, version: string, kind: string, verbs = ['list'], namespaced = true): KubeResource => ({
  group,
  version,
  kind,
  plural: `${kind.toLowerCase()}s`,
  namespaced,
  verbs,
  apiVersion: group === '' ? version : `${group}/${version}`,
});

const resources = [
  served('', 'v1', 'Pod'),
  served('', 'v1', 'Service'),
  served('', 'v1', 'Node', ['list'], false),
  served('', 'v1', 'ConfigMap', ['get']),
  served('networking.istio.io', 'v1beta1', 'VirtualService'),
  served('networking.istio.io', 'v1', 'VirtualService'),
  served('networking.istio.io', 'v1alpha3', 'VirtualService'),
  served('networking.istio.io', 'v9', 'Gateway'),
  served('gateway.networking.k8s.io', 'v1', 'Gateway'),
  served('discovery.k8s.io', 'v2', 'EndpointSlice'),
  served('discovery.k8s.io', 'v1', 'EndpointSlice'),
];

const forbidden = (what: string): KubeError => new KubeError(`user ana may not list ${what}`, { reason: 'Forbidden', status: 403 });

/** Lists that it was asked for, each as text, and what it answers. */
function fake(answer: (asked: string) => KubeError | string[] = () => ['a']) {
  const asked: string[] = [];
  let open = 0;
  let most = 0;
  const list = async ({ apiVersion, kind }: KubeResource, { namespace, fieldSelector, labelSelector, metadataOnly }: ListOptions = {}) => {
    most = Math.max(most, ++open);
    await new Promise((done) => setTimeout(done, 1));
    open--;
    const text = [`${apiVersion} ${kind}`, namespace && `in ${namespace}`, fieldSelector, labelSelector, metadataOnly && 'metadata'].filter(Boolean).join(' ');
    asked.push(text);
    const found = answer(text);
    if (found instanceof Error) throw found;
    return { items: found.map((name) => ({ apiVersion, kind, metadata: { name, managedFields: [] } })), resourceVersion: '1' };
  };
  return { client: { context: 'prod', server: 'https://prod', resources: async () => resources, list }, asked, most: () => most };
}

const load = (client: ReturnType<typeof fake>['client'], wanted: readonly (string | WantedKind)[], options: LoadOptions = {}) =>
  loadCluster(
    client,
    wanted.map((kind) => (typeof kind === 'string' ? { kind } : kind)),
    options,
  );

describe('a cluster', () => {
  it('is read kind by kind, each in the best version that is known', async () => {
    const { client, asked } = fake();
    const { kinds, complete, gaps, absent } = await load(client, ['VirtualService', 'gateway-api/Gateway', 'EndpointSlice', 'Sidecar', 'ConfigMap']);
    expect(asked.sort()).toEqual(['discovery.k8s.io/v2 EndpointSlice', 'gateway.networking.k8s.io/v1 Gateway', 'networking.istio.io/v1 VirtualService']);
    expect(kinds.map(({ kind, objects }) => [kind, objects.length])).toEqual([
      ['VirtualService', 1],
      ['gateway-api/Gateway', 1],
      ['EndpointSlice', 1],
      ['Sidecar', 0],
      ['ConfigMap', 0],
    ]);
    expect(kinds[0]?.objects[0]).toEqual({ apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name: 'a' } });
    // What the cluster does not serve does not exist there.
    expect([...complete]).toEqual(['VirtualService', 'gateway-api/Gateway', 'EndpointSlice', 'Sidecar', 'ConfigMap']);
    expect([gaps, absent]).toEqual([[], ['Sidecar', 'ConfigMap']]);
  });

  it('is read as far as it is wanted', async () => {
    const { client, asked } = fake();
    await load(
      client,
      [{ kind: 'Pod', namespace: 'shop', labelSelector: 'a=b' }, { kind: 'Service', fieldSelector: 'metadata.name=a', metadataOnly: true }, { kind: 'Node' }],
      { without: ['kube-system', 'kube-public'] },
    );
    expect(asked).toEqual([
      'v1 Pod in shop a=b',
      'v1 Service metadata.name=a,metadata.namespace!=kube-system,metadata.namespace!=kube-public metadata',
      'v1 Node',
    ]);
  });

  it('is asked for so many lists at a time', async () => {
    const { client, most } = fake();
    const seen: LoadProgress[] = [];
    await load(client, ['Pod', 'Service', 'Node', 'VirtualService', 'EndpointSlice'], { concurrency: 2, onProgress: (now) => seen.push(now) });
    expect(most()).toBe(2);
    expect(seen.at(-1)).toEqual({ kinds: 5, ofKinds: 5, objects: 5 });
    expect(seen.map(({ kinds }) => kinds)).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('a gap', () => {
  it('is a kind that may not be read, and a version that is not known', async () => {
    const { client } = fake((asked) => (asked === 'v1 Pod' ? forbidden('pods') : ['a']));
    const { complete, gaps } = await load(client, ['Pod', 'Service', 'Gateway']);
    expect([...complete]).toEqual(['Service']);
    expect(gaps).toEqual([
      { kind: 'Pod', reason: 'user ana may not list pods', forbidden: true, readIn: [] },
      { kind: 'Gateway', reason: 'the cluster serves Gateway in v9, and weft knows v1, v1beta1, v1alpha3', forbidden: false, readIn: [] },
    ]);
  });

  it('has what may be read in some namespaces', async () => {
    const { client } = fake((asked) => (asked.endsWith('in shop') ? ['a', 'b'] : forbidden('them')));
    const { kinds, complete, gaps } = await load(client, ['Pod', 'Node'], { namespaces: ['shop', 'istio-system'] });
    expect(kinds.map(({ objects }) => objects.length)).toEqual([2, 0]);
    expect([[...complete], gaps.map(({ kind, readIn }) => [kind, readIn])]).toEqual([
      [],
      [
        ['Pod', ['shop']],
        ['Node', []],
      ],
    ]);
  });

  it('is what the server fails at, but not what went away', async () => {
    const broken = new KubeError('cannot list virtualservices: conversion webhook failed', { reason: 'InternalError', status: 500 });
    const gone = new KubeError('not found', { reason: 'NotFound', status: 404 });
    const { client } = fake((asked) => (asked.includes('VirtualService') ? broken : asked.includes('Pod') ? gone : []));
    const { gaps, absent } = await load(client, ['VirtualService', 'Pod', 'Service']);
    expect([gaps.map(({ kind, reason }) => `${kind}: ${reason}`), absent]).toEqual([[`VirtualService: ${broken.message}`], ['Pod']]);
  });

  it('is an error where there are gaps only', async () => {
    const { client } = fake(forbidden);
    const error = await load(client, ['Pod', 'Service', 'Sidecar']).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'KubeError', reason: 'Forbidden', status: 403 });
    expect((error as Error).message).toBe('nothing can be read from the cluster (context prod): user ana may not list v1 Pod, and 1 more');
    // A namespace that may be read and has nothing is no gap only.
    const some = fake((asked) => (asked.endsWith('in shop') ? [] : forbidden(asked)));
    expect((await load(some.client, ['Pod'], { namespaces: ['shop'] })).gaps).toHaveLength(1);
  });

  it.each([
    ['no answer', new KubeError('cannot reach', { reason: 'Unreachable' })],
    ['a user who is not known', new KubeError('who?', { reason: 'Unauthorized', status: 401 })],
    ['a bug', new TypeError('x is not a function')],
  ])('is not made of %s', async (_, error) => {
    const { client } = fake((asked) => (asked === 'v1 Pod' ? (error as KubeError) : []));
    await expect(load(client, ['Pod', 'Service'])).rejects.toBe(error);
  });
});
