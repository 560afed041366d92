import { expect, it } from 'vitest';
import { comparePart, contentsOf, isSame, servedRoutes, versionsInDump } from './comparison.ts';

const contents = (text: string): Map<string, string> => new Map(text === '' ? [] : text.split(' ').map((pair) => pair.split('=') as [string, string]));

it.each<[string, string, string, boolean, object]>([
  ['the same', 'a=1 b=2', 'b=2 a=1', false, { same: 2, differ: [], missing: [], extra: [] }],
  ['another version', 'a=1 b=2', 'a=1 b=3', false, { same: 1, differ: ['b'], missing: [], extra: [] }],
  ['not all of it', 'a=1 b=2 c=3', 'b=2', false, { same: 1, differ: [], missing: ['a', 'c'], extra: [] }],
  ['what was asked for', 'a=1 b=2 c=3', 'b=2', true, { same: 1, differ: [], missing: [], extra: [] }],
  ['something else', 'a=1', 'z=1 a=1', true, { same: 1, differ: [], missing: [], extra: ['z'] }],
  ['nothing', '', '', false, { same: 0, differ: [], missing: [], extra: [] }],
])('a proxy that has %s', (_, served, had, onDemand, expected) => {
  const result = comparePart('routes', contents(served), contents(had), onDemand);
  expect(result).toEqual({ part: 'routes', ...expected });
  expect(isSame(result)).toBe(result.differ.length + result.missing.length + result.extra.length === 0);
});

const type = (name: string): string => `type.googleapis.com/envoy.admin.v3.${name}`;
const dump = {
  configs: [
    { '@type': type('BootstrapConfigDump'), bootstrap: {} },
    {
      '@type': type('ClustersConfigDump'),
      static_clusters: [{ cluster: { name: 'xds' } }],
      dynamic_active_clusters: [
        { version_info: 'v1', cluster: { name: 'one' } },
        { version_info: 'v2', cluster: { name: 'two' } },
        { cluster: { name: 'unversioned' } },
      ],
    },
    {
      '@type': type('ListenersConfigDump'),
      dynamicListeners: [
        { name: '0.0.0.0_80', activeState: { versionInfo: 'v3', listener: { name: '0.0.0.0_80' } } },
        { name: 'warming', warmingState: { versionInfo: 'v4', listener: { name: 'warming' } } },
      ],
    },
    { '@type': type('RoutesConfigDump'), dynamic_route_configs: [{ version_info: 'v5', route_config: { name: '80' } }] },
  ],
};

it.each([
  ['clusters', { one: 'v1', two: 'v2' }],
  ['listeners', { '0.0.0.0_80': 'v3' }],
  ['routes', { 80: 'v5' }],
] as const)('versions of %s in a dump', (part, expected) => {
  expect(Object.fromEntries(versionsInDump(dump, part) ?? [])).toEqual(expected);
});

it.each([null, [], 'x', {}, { configs: {} }])('%j is no dump', (document) => {
  expect(versionsInDump(document, 'clusters')).toBeUndefined();
});

it('an empty dump has no versions', () => {
  expect(versionsInDump({ configs: [] }, 'routes')).toEqual(new Map());
});

it('contents are the same whatever the order of their fields, at any depth', () => {
  const [one, other] = [contentsOf([{ name: 'a', x: { p: 1, q: [1, { r: 2, s: 3 }] } }]), contentsOf([{ x: { q: [1, { s: 3, r: 2 }], p: 1 }, name: 'a' }])];
  expect(one).toEqual(other);
  expect(contentsOf([{ name: 'a', x: { p: 1, q: [{ r: 2, s: 3 }, 1] } }])).not.toEqual(one);
  expect(contentsOf(undefined)).toEqual(new Map());
});

it('of routes whose virtual hosts come one by one, the names of these count', () => {
  const routes = (name: string, hosts: readonly string[], vhds = true): object => ({
    version_info: 'of something else',
    route_config: { name, virtual_hosts: hosts.map((host) => ({ name: host })), ...(vhds ? { vhds: {} } : {}) },
  });
  const configs = [routes('80', ['80/b', '80/a', 'allow_any']), routes('8080', ['8080/a']), routes('in|80', ['all'], false)];
  const had = versionsInDump({ configs: [{ '@type': type('RoutesConfigDump'), dynamic_route_configs: configs }] }, 'routes') ?? new Map();
  const versions = contents('80=v1 8080=v2 in|80=v3');
  const compare = (hosts: readonly string[]): readonly string[] => comparePart('routes', servedRoutes(versions, hosts, had), had, true).differ;
  expect(compare(['80/a', '80/b', '8080/a'])).toEqual(['in|80']);
  expect(compare(['80/a', '80/b', '8080/a', '8080/b', '800/c'])).toEqual(['8080', 'in|80']);
});
