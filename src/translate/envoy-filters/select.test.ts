import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { meshOf } from '../../analysis/testing.ts';
import { patchContexts, patchOperations, patchTargets } from '../../ir/envoy-patch.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import { Resource } from '../../manifest/resource.ts';
import { Mesh } from '../../model/mesh.ts';
import { proxyIn } from '../clusters/testing.ts';
import { apiGateway, created, doc, gatewayProxy, type TableTest, tableOf } from '../testing.ts';
import { selectPatches } from './select.ts';

const filter = (name: string, spec: string, meta = ''): string =>
  doc('EnvoyFilter', name, spec, meta).replace('networking.istio.io/v1', 'networking.istio.io/v1alpha3');
const patch = (name: string, match = ''): string =>
  `{applyTo: CLUSTER, ${match === '' ? '' : `match: {${match}}, `}patch: {operation: ADD, value: {name: ${name}}}}`;
/** An EnvoyFilter that adds a cluster of its own name. */
const adds = (name: string, more = '', meta = ''): string =>
  filter(name, `${more === '' ? '' : `${more}, `}configPatches: [${patch(name.split('/')[1] ?? '')}]`, meta);
const namesOf = (documents: readonly string[], options: TableTest = {}): unknown[] => tableOf(documents, options).envoyPatches.map(({ value }) => value.name);

describe('the order of patches', () => {
  it.each<[string, string[], string[]]>([
    [
      'the root namespace, whatever its priority, then that of the proxy',
      [adds('shop/b', 'priority: -5'), adds('istio-system/a'), adds('other/c')],
      ['a', 'b'],
    ],
    ['priority: negative, none, positive', [adds('shop/a', 'priority: 7'), adds('shop/b'), adds('shop/c', 'priority: -1')], ['c', 'b', 'a']],
    [
      'age, where the priority is the same',
      [adds('shop/a', '', created(2)), adds('shop/b', '', created(1)), adds('shop/c', 'priority: 1', created(1))],
      ['b', 'a', 'c'],
    ],
    ['name, where the age is the same', [adds('shop/b', '', created(1)), adds('shop/a', '', created(1))], ['a', 'b']],
    ['the file, in one EnvoyFilter', [filter('shop/x', `configPatches: [${patch('b')}, ${patch('a')}, ${patch('c')}]`)], ['b', 'a', 'c']],
  ])('%s', (_, documents, expected) => {
    expect(namesOf(documents)).toEqual(expected);
    expect(namesOf([...documents].reverse())).toEqual(expected);
  });

  it('a proxy of the root namespace gets its patches once', () => {
    expect(namesOf([adds('istio-system/a')], { proxy: { namespace: 'istio-system' } })).toEqual(['a']);
  });
});

const api = (name: string): Partial<ProxyIdentity> & { namespace: string } => ({
  namespace: 'edge',
  role: 'gateway',
  labels: { 'gateway.networking.k8s.io/gateway-name': name },
});
const target = (kind: string, name: string, group = 'gateway.networking.k8s.io'): string => `targetRefs: [{group: "${group}", kind: ${kind}, name: ${name}}]`;

describe('which proxies', () => {
  const web = { namespace: 'shop', labels: { app: 'web', version: 'v1' } };
  it.each<[string, string[], TableTest['proxy'], string[]]>([
    ['its labels', [adds('shop/a', 'workloadSelector: {labels: {app: web}}'), adds('shop/b', 'workloadSelector: {labels: {app: api}}')], web, ['a']],
    ['all of the labels', [adds('shop/a', 'workloadSelector: {labels: {app: web, version: v2}}')], web, []],
    ['a selector without labels selects all', [adds('shop/a', 'workloadSelector: {}')], web, ['a']],
    ['the root namespace selects in every namespace', [adds('istio-system/a', 'workloadSelector: {labels: {app: web}}')], web, ['a']],
    ['a target is a gateway, by its name', [adds('edge/a', target('Gateway', 'gw')), adds('edge/b', target('Gateway', 'other'))], api('gw'), ['a']],
    ['of its own namespace', [adds('istio-system/a', target('Gateway', 'gw'))], api('gw'), []],
    [
      'or a class of gateways, from the root namespace',
      [
        apiGateway('edge/gw', 'gatewayClassName: istio, listeners: []'),
        adds('istio-system/a', target('GatewayClass', 'istio')),
        adds('edge/b', target('GatewayClass', 'istio')),
      ],
      api('gw'),
      ['a'],
    ],
    ['but no sidecar', [adds('shop/a', target('Gateway', 'gw'))], { ...web, labels: { 'gateway.networking.k8s.io/gateway-name': 'gw' } }, []],
    ['nor a gateway by a service', [adds('edge/a', target('Service', 'gw', ''))], api('gw'), []],
  ])('%s', (_, documents, proxy, expected) => {
    expect(namesOf(documents, proxy ? { proxy } : {})).toEqual(expected);
  });
});

describe('conditions on the proxy', () => {
  const contexts = filter(
    'edge/x',
    `configPatches: [${['ANY', 'SIDECAR_INBOUND', 'SIDECAR_OUTBOUND', 'GATEWAY'].map((context) => patch(context.toLowerCase(), `context: ${context}`)).join(', ')}, ${patch('none')}]`,
  );
  it.each<[string, ProxyIdentity, string[]]>([
    ['sidecar', proxyIn('edge'), ['any', 'sidecar_inbound', 'sidecar_outbound', 'none']],
    ['gateway', gatewayProxy, ['any', 'gateway', 'none']],
  ])('the context of a %s', (_, proxy, expected) => {
    expect(namesOf([contexts], { proxy })).toEqual(expected);
  });

  it.each<[string, string, boolean]>([
    ['a version', 'proxyVersion: "^1\\\\.28.*"', true],
    ['a part of it', 'proxyVersion: "28"', true],
    ['another version', 'proxyVersion: "^1\\\\.2[0-7]"', false],
    ['metadata', 'metadata: {NAMESPACE: shop, ISTIO_VERSION: "1.28.1"}', true],
    ['metadata of the mesh configuration', 'metadata: {TEAM: red}', true],
    ['other values', 'metadata: {NAMESPACE: shop, TEAM: blue}', false],
    ['what the node does not have', 'metadata: {X: ""}', false],
  ])('%s', (_, proxy, expected) => {
    const meshConfig = { defaultConfig: { proxyMetadata: { ISTIO_META_TEAM: 'red' } } };
    expect(namesOf([filter('shop/x', `configPatches: [${patch('a', `proxy: {${proxy}}`)}]`)], { meshConfig })).toEqual(expected ? ['a'] : []);
  });
});

it('a patch has what is written, and where', () => {
  const text = `configPatches: [{applyTo: HTTP_FILTER, match: {context: SIDECAR_INBOUND, listener: {portNumber: 80, filterChain: {filter: {name: x, subFilter: {name: sub}}}}}, patch: {operation: ADD, filterClass: AUTHZ, value: {name: z, typedConfig: {aB: 1}}}}]`;
  expect(tableOf([filter('shop/x', text)]).envoyPatches).toEqual([
    {
      applyTo: 'HTTP_FILTER',
      operation: 'ADD',
      context: 'SIDECAR_INBOUND',
      match: { listener: { portNumber: 80, filterChain: { filter: { name: 'x', subFilter: { name: 'sub' } } } } },
      value: { name: 'z', typedConfig: { aB: 1 } },
      filterClass: 'AUTHZ',
      origin: { kind: 'EnvoyFilter', namespace: 'shop', name: 'x', path: ['spec', 'configPatches', 0] },
    },
  ]);
});

describe('a patch that cannot do anything is left out, and said', () => {
  it.each<[string, string, string]>([
    ['nothing', 'null', 'invalid-patch applyTo'],
    ['no target', '{patch: {operation: ADD, value: {}}}', 'invalid-patch applyTo'],
    ['no patch', '{applyTo: CLUSTER}', 'invalid-patch patch.operation'],
    ['no operation', '{applyTo: CLUSTER, patch: {value: {}}}', 'invalid-patch patch.operation'],
    ['no value', '{applyTo: CLUSTER, patch: {operation: MERGE}}', 'invalid-patch patch'],
    ['an operation that its target has not', '{applyTo: CLUSTER, patch: {operation: REPLACE, value: {}}}', 'invalid-patch patch.operation'],
    ['and another one', '{applyTo: ROUTE_CONFIGURATION, patch: {operation: ADD, value: {}}}', 'invalid-patch patch.operation'],
    ['conditions on something else', '{applyTo: CLUSTER, match: {listener: {}}, patch: {operation: REMOVE}}', 'invalid-patch match.listener'],
    [
      'REMOVE of no HTTP filter',
      '{applyTo: HTTP_FILTER, match: {listener: {filterChain: {filter: {name: x}}}}, patch: {operation: REMOVE}}',
      'invalid-patch match',
    ],
    ['REPLACE of no network filter', '{applyTo: NETWORK_FILTER, patch: {operation: REPLACE, value: {name: x}}}', 'invalid-patch match'],
    ['REMOVE of no listener filter', '{applyTo: LISTENER_FILTER, match: {listener: {name: x}}, patch: {operation: REMOVE}}', 'invalid-patch match'],
    ['MERGE into no filter', '{applyTo: HTTP_FILTER, patch: {operation: MERGE, value: {disabled: true}}}', 'invalid-patch match'],
    [
      'an expression that is none',
      '{applyTo: CLUSTER, match: {proxy: {proxyVersion: "1.(28"}}, patch: {operation: REMOVE}}',
      'invalid-regex match.proxy.proxyVersion',
    ],
  ])('%s', (_, entry, expected) => {
    const table = tableOf([filter('shop/x', `configPatches: [${entry}, ${patch('rest')}]`)]);
    expect(table.statuses.map(({ reason, origin }) => `${reason} ${origin.path.slice(3).join('.')}`)).toEqual([expected]);
    expect(table.envoyPatches.map(({ value }) => value.name)).toEqual(['rest']);
  });

  it('but only where the EnvoyFilter is for the proxy', () => {
    expect(tableOf([filter('shop/x', 'workloadSelector: {labels: {app: x}}, configPatches: [{}]')]).statuses).toEqual([]);
  });
});

it('proxies that get the same patches have the same list, in the next mesh as well', () => {
  const mesh = meshOf([adds('istio-system/a'), adds('shop/b', 'workloadSelector: {labels: {app: web}}')].join('---\n'));
  const of = (where: Mesh, labels: Record<string, string>): unknown => selectPatches(where, proxyIn('shop', { labels })).patches;
  expect(of(mesh, { app: 'web' })).toBe(of(mesh, { app: 'web', version: 'v1' }));
  expect(of(mesh, { app: 'web' })).not.toBe(of(mesh, {}));
  const next = new Mesh([...mesh.list('EnvoyFilter')], mesh.options);
  expect(of(next, { app: 'web' })).toBe(of(mesh, { app: 'web' }));
});

// Decoded as all of Istio's kinds: fields have their types, but any can be missing and any item of a list can be null.
const fields = (model: Record<string, fc.Arbitrary<unknown>>, ...requiredKeys: string[]): fc.Arbitrary<object> => fc.record(model, { requiredKeys });
const listOf = (item: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.array(fc.option(item, { freq: 5 }), { maxLength: 3 });
const text = fc.constantFrom('', 'web', 'app', '(', '1.28', 'Gateway', 'gateway.networking.k8s.io', '__proto__');
const labels = fc.dictionary(text, text, { maxKeys: 2 });
const entry = fields(
  {
    applyTo: fc.constantFrom(...patchTargets, 'INVALID'),
    match: fields({
      context: fc.constantFrom(...patchContexts, 'X'),
      proxy: fields({ proxyVersion: text, metadata: labels }),
      listener: fields({ name: text, filterChain: fields({ filter: fields({ name: text, subFilter: fields({ name: text }) }) }) }),
      cluster: fields({ name: text }),
    }),
    patch: fields(
      { operation: fc.constantFrom(...patchOperations, 'INVALID'), value: fc.dictionary(text, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 }) },
      'operation',
    ),
  },
  'applyTo',
  'patch',
);
const spec = fields(
  {
    priority: fc.integer(),
    workloadSelector: fields({ labels }),
    targetRefs: listOf(fields({ group: text, kind: text, name: text })),
    configPatches: listOf(entry),
  },
  'configPatches',
);

it('whatever an EnvoyFilter holds, each entry is a patch, or a problem, or for another proxy', () => {
  const { options } = meshOf(adds('shop/a'));
  let patches = 0;
  fc.assert(
    fc.property(spec, (one) => {
      const raw = { apiVersion: 'networking.istio.io/v1alpha3', kind: 'EnvoyFilter', metadata: { name: 'x', namespace: 'shop' }, spec: one };
      const mesh = new Mesh([new Resource(raw, 'EnvoyFilter', 'shop', undefined)], options);
      for (const proxy of [proxyIn('shop', { labels: { app: 'web' } }), proxyIn('shop', { role: 'gateway' })]) {
        const selection = selectPatches(mesh, proxy);
        const places = [...selection.patches, ...selection.problems].map(({ origin }) => origin.path[2]);
        expect(new Set(places).size).toBe(places.length);
        expect(JSON.parse(JSON.stringify(selection.patches))).toEqual(selection.patches);
        patches += selection.patches.length;
      }
    }),
    { numRuns: 1500 },
  );
  expect(patches).toBeGreaterThan(5);
});
