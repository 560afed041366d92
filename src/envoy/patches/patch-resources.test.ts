import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type EnvoyPatch, patchContexts, patchOperations, patchTargets } from '../../ir/envoy-patch.ts';
import { loadEnvoyApi } from '../proto/api.ts';
import type { EnvoyResources } from '../resources.ts';
import { patchResources } from './patch-resources.ts';
import { managerName, patchOf, sidecar, types } from './testing.ts';

const proxy = { role: 'sidecar' } as const;
const lists = ['listeners', 'routes', 'clusters', 'endpoints'] as const;

it('without patches everything is as it was', () => {
  const before = sidecar();
  expect(patchResources(before, [], proxy)).toEqual({ resources: before, problems: [], unused: [] });
  expect(patchResources(before, [], proxy).resources).toBe(before);
});

it('what no patch is for is the same object, and so is the whole', () => {
  const before = sidecar();
  const elsewhere = patchOf('CLUSTER', 'MERGE', { connect_timeout: '1s' }, { match: { cluster: { name: 'x' } } });
  expect(patchResources(before, [elsewhere], proxy)).toEqual({ resources: before, problems: [], unused: [elsewhere] });
  expect(patchResources(before, [elsewhere], proxy).resources).toBe(before);
});

it('what stays the same when it is merged is the same object', () => {
  const before = sidecar();
  const same = patchOf('CLUSTER', 'MERGE', { connect_timeout: '10s' });
  expect(patchResources(before, [same], proxy).resources).toBe(before);
});

it('one change leaves all else', () => {
  const before = sidecar();
  const { resources } = patchResources(
    before,
    [patchOf('HTTP_ROUTE', 'REMOVE', {}, { match: { routeConfiguration: { vhost: { route: { name: 'old' } } } } })],
    proxy,
  );
  expect(resources.listeners).toBe(before.listeners);
  expect(resources.clusters).toBe(before.clusters);
  const [hosts, other] = [before, resources].map(({ routes }) => routes[0]?.virtual_hosts as object[]);
  expect(other?.[0]).not.toBe(hosts?.[0]);
  expect(other?.[1]).toBe(hosts?.[1]);
});

it('the same object and patches give the same object, whatever is beside it', () => {
  const before = sidecar();
  const patches = [patchOf('CLUSTER', 'MERGE', { connect_timeout: '1s' }), patchOf('CLUSTER', 'ADD', { name: 'x' })];
  const first = patchResources(before, patches, proxy).resources.clusters;
  const second = patchResources({ ...before, clusters: before.clusters.slice(1), listeners: [] }, patches, proxy).resources.clusters;
  expect(second).toHaveLength(first.length - 1);
  for (const [i, cluster] of second.entries()) expect(cluster).toBe(first[i + 1]);
});

it('problems are told once, and every time', () => {
  const patches = [patchOf('CLUSTER', 'MERGE', { nme: 1, lb_policy: 'ROUND_ROBIN' })];
  const expected = ['unknown-field nme', 'default-value lb_policy'];
  for (const _ of [1, 2]) {
    const { problems } = patchResources(sidecar(), patches, proxy);
    expect(problems.map(({ reason, origin }) => `${reason} ${origin.path.at(-1)}`)).toEqual(expected);
  }
});

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) for (const item of Object.values(Object.freeze(value))) frozen(item);
  return value;
}

const filter = { name: 'lua', typed_config: { '@type': types.lua } };
const socket = { name: 'envoy.transport_sockets.tls', typed_config: { '@type': types.tls, sni: 'x' } };
const values: Readonly<Record<EnvoyPatch['applyTo'], readonly object[]>> = {
  LISTENER: [{ name: 'new' }, { freebind: true }, { filter_chains: [{ name: 'more' }] }],
  LISTENER_FILTER: [{ name: 'envoy.filters.listener.http_inspector', typed_config: { '@type': types.httpInspector } }],
  FILTER_CHAIN: [{ name: 'new' }, { transport_socket: socket }, { filter_chain_match: { server_names: ['b'] } }],
  NETWORK_FILTER: [
    { name: managerName, typed_config: { '@type': types.manager, http_filters: [filter] } },
    { name: 'envoy.filters.network.tcp_proxy', typed_config: { '@type': types.tcpProxy, cluster: 'x' } },
  ],
  HTTP_FILTER: [filter, { name: 'envoy.filters.http.router', typed_config: { '@type': types.router, start_child_span: true } }],
  ROUTE_CONFIGURATION: [{ virtual_hosts: [{ name: 'new' }] }, { validate_clusters: true }],
  VIRTUAL_HOST: [{ name: 'new', domains: ['new'] }, { domains: ['a'] }],
  HTTP_ROUTE: [{ name: 'new', redirect: {} }, { route: { cluster: 'x', timeout: '1s' } }],
  CLUSTER: [{ name: 'new' }, { transport_socket: socket }, { lb_policy: 'MAGLEV', circuit_breakers: { thresholds: [{}] } }],
  EXTENSION_CONFIG: [filter],
  BOOTSTRAP: [{ node: { id: 'x' } }],
};

const name = fc.constantFrom(
  undefined,
  'x',
  'virtualInbound',
  '8080',
  'old',
  'web',
  'allow_any',
  managerName,
  'envoy.filters.http.router',
  'PassthroughCluster',
);
const port = fc.constantFrom(undefined, undefined, 8080, 9080, 1);
const some = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T | undefined> =>
  fc.option(fc.record(model), { nil: undefined, freq: 2 }) as never;
const match = fc.record({
  listener: some({ name, portNumber: port, listenerFilter: name, filterChain: some({ name, filter: some({ name, subFilter: some({ name }) }) }) }),
  routeConfiguration: some({ name, portNumber: port, vhost: some({ name, route: some({ name }) }) }),
  cluster: some({ name, portNumber: port }),
});
const anyPatch = fc
  .constantFrom(...patchTargets)
  .chain((applyTo) =>
    fc
      .tuple(
        fc.constantFrom(...patchOperations),
        fc.constantFrom(...values[applyTo]),
        fc.constantFrom(...patchContexts),
        match,
        fc.constantFrom('UNSPECIFIED', 'AUTHN', 'AUTHZ', 'STATS'),
      )
      .map(([operation, value, context, conditions, filterClass]) =>
        frozen(patchOf(applyTo, operation, value, { context, match: conditions, filterClass } as Partial<EnvoyPatch>)),
      ),
  );

it('whatever the patches: nothing that was given changes, what comes can be encoded, and patches without use change nothing', () => {
  const before = frozen(sidecar());
  const text = JSON.stringify(before);
  const api = loadEnvoyApi();
  let changed = 0;
  fc.assert(
    fc.property(fc.array(anyPatch, { minLength: 1, maxLength: 4 }), (patches) => {
      const { resources, unused } = patchResources(before, patches, proxy);
      expect(JSON.stringify(before)).toBe(text);
      if (unused.length === patches.length) expect(resources).toBe(before);
      if (resources !== before) changed++;
      for (const list of lists) expectEncodable(resources, list, api);
      const [first] = patches;
      if (patches.length === 1 && first && resources !== before) expect(unused).toEqual([]);
    }),
    { numRuns: 1000 },
  );
  expect(changed).toBeGreaterThan(100);
});

function expectEncodable(resources: EnvoyResources, list: (typeof lists)[number], api: ReturnType<typeof loadEnvoyApi>): void {
  for (const resource of resources[list]) expect(api.encode(resource['@type'], resource).length).toBeGreaterThan(0);
}
