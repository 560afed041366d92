import { expect, it } from 'vitest';
import type { DistributionRequest } from '../../envoy/xds/control-plane-api.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Judged, MeshState } from '../mesh-state.ts';
import { clusterResource } from './cluster-resources.ts';
import { ResourceVersions } from './resource-versions.ts';

const cart = (resourceVersion: string, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { namespace: 'shop', name: 'cart', resourceVersion, labels },
});

interface World {
  /** As this replica knows it. */
  known?: KubeObject;
  /** As the API server has it. */
  newest?: KubeObject;
  seenUpTo?: string;
  judged?: Partial<Judged>;
  /** Resource versions with the generation of the mesh that they are in; undefined: none yet. A removal is empty. */
  history?: [resourceVersion: string, generation: number | undefined][];
}

function ask(request: Partial<DistributionRequest>, { known, newest, seenUpTo = '', judged, history = [] }: World) {
  const versions = new ResourceVersions();
  for (const [version, generation] of history) {
    versions.changed('VirtualService shop/cart', version || undefined);
    if (generation !== undefined) versions.committed(generation);
  }
  const verdict = { undecodable: [], unknown: [], errors: [{ path: ['spec', 'hosts'], text: 'is empty' }], warnings: [] };
  const found = new Map(judged ? [['VirtualService shop/cart', { verdict, isLeftOut: true, ...judged }]] : []);
  return clusterResource(
    { for: 'distribution', kind: 'VirtualService', namespace: 'shop', name: 'cart', ...request },
    {
      revision: 'default',
      state: { judged: found } as unknown as MeshState,
      versions,
      store: () => new Map(known ? [['shop/cart', known]] : []),
      seenUpTo: () => seenUpTo,
      fetch: async () => newest,
    },
  );
}

it.each<[name: string, request: Partial<DistributionRequest>, world: World, state: string, generation: number | undefined, version?: string]>([
  ['was there from the start', { resourceVersion: '5' }, { known: cart('5') }, 'served', 0, '5'],
  ['is in a later mesh', { resourceVersion: '7' }, { known: cart('7'), history: [['7', 3]] }, 'served', 3, '7'],
  [
    'has been overtaken',
    { resourceVersion: '7' },
    {
      known: cart('9'),
      history: [
        ['7', 3],
        ['9', 4],
      ],
    },
    'served',
    3,
    '9',
  ],
  [
    'has been overtaken by one that is on its way',
    { resourceVersion: '7' },
    {
      known: cart('9'),
      history: [
        ['7', 3],
        ['9', undefined],
      ],
    },
    'served',
    3,
    '9',
  ],
  ['is on its way', { resourceVersion: '7' }, { known: cart('7'), history: [['7', undefined]] }, 'pending', undefined, '7'],
  ['has not come', { resourceVersion: '8' }, { known: cart('7') }, 'unseen', undefined, '7'],
  ['is not known at all', { resourceVersion: '8' }, {}, 'unseen', undefined],
  ['is not there', {}, {}, 'absent', undefined],
  ['is wrong', { resourceVersion: '7' }, { known: cart('7'), judged: {} }, 'invalid', undefined, '7'],
  ['is worth a look', { resourceVersion: '7' }, { known: cart('7'), judged: { isLeftOut: false } }, 'served', 0, '7'],
  ['is for another revision', { resourceVersion: '7' }, { known: cart('7', { 'istio.io/rev': 'canary' }) }, 'ignored', undefined, '7'],
  ['is for this revision', { resourceVersion: '7' }, { known: cart('7', { 'istio.io/rev': 'default' }) }, 'served', 0, '7'],
  ['is of a kind that nobody waits for', { kind: 'Pod', resourceVersion: '7' }, { known: cart('7') }, 'unwatched', undefined],
  ['is the newest', { newest: true }, { known: cart('7'), newest: cart('7') }, 'served', 0, '7'],
  ['is older than the newest', { newest: true }, { known: cart('7'), newest: cart('8') }, 'unseen', undefined, '8'],
  ['has been removed, which has not come here', { newest: true }, { known: cart('7') }, 'absent', undefined],
  ['is to go, and is there', { for: 'delete' }, { known: cart('7') }, 'present', undefined, '7'],
  ['is to go, and is there for the API server', { for: 'delete', newest: true }, { newest: cart('7') }, 'present', undefined, '7'],
  ['is to go, and never was', { for: 'delete' }, {}, 'served', 0],
  [
    'is gone',
    { for: 'delete' },
    {
      history: [
        ['7', 1],
        ['', 2],
      ],
    },
    'served',
    2,
  ],
  [
    'is gone, and the mesh is not made',
    { for: 'delete' },
    {
      history: [
        ['7', 1],
        ['', undefined],
      ],
    },
    'pending',
    undefined,
  ],
  ['was removed before this replica began', { for: 'delete', resourceVersion: '7' }, { seenUpTo: '9' }, 'served', 0],
  ['has come and gone, of which nothing is known here', { for: 'delete', resourceVersion: '7' }, { seenUpTo: '6' }, 'unseen', undefined],
])('a resource that %s', async (_, request, world, state, generation, version) => {
  const found = await ask(request, world);
  expect([found.resource.state, found.generation, found.resource.resourceVersion]).toEqual([state, generation, version]);
});

it('says what is wrong', async () => {
  const { resource } = await ask({ resourceVersion: '7' }, { known: cart('7'), judged: {} });
  expect(resource.reasons).toEqual(['spec.hosts: is empty']);
});
