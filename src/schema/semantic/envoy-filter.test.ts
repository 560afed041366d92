import { expect, test } from 'vitest';
import { validateEnvoyFilter } from './envoy-filter.ts';
import { placeOf, problemsOf } from './testing.ts';
import type { SchemaProblem } from './validator.ts';

/** Without the warning that every EnvoyFilter gets. */
const said = (spec: string): SchemaProblem[] => problemsOf(validateEnvoyFilter, 'EnvoyFilter', spec).filter((p) => !p.same.includes('implementation details'));
const placesOf = (patch: string): string[] => said(`configPatches: [${patch}]`).map((p) => placeOf(p).replace('spec.configPatches[0]', ''));
const patched = (applyTo: string, value: string): string => `{applyTo: ${applyTo}, patch: {operation: MERGE, value: ${value}}}`;

test('every EnvoyFilter gets a warning', () => {
  expect(problemsOf(validateEnvoyFilter, 'EnvoyFilter', '{}').map(placeOf)).toEqual(['IST0133 spec']);
});

test('a selector without labels is a warning; one with a wildcard stops everything else', () => {
  expect(said('{workloadSelector: {}, configPatches: [{}]}').map(placeOf)).toEqual(['IST0133 spec.workloadSelector', 'IST0106 spec.configPatches[0]']);
  const problems = problemsOf(validateEnvoyFilter, 'EnvoyFilter', '{workloadSelector: {labels: {app: "*"}}, configPatches: [{}]}');
  expect(problems.map(placeOf)).toEqual(['IST0106 spec.workloadSelector.labels.app']);
});

const remove = 'patch: {operation: REMOVE}';
const manager = 'envoy.filters.network.http_connection_manager';
const filterAt = (applyTo: string, filter: string): string => `{applyTo: ${applyTo}, match: {listener: {filterChain: {filter: ${filter}}}}, ${remove}}`;

test('a null patch is one without applyTo', () => {
  expect(new Set(said('configPatches: [null, {}]').map((p) => p.same)).size).toBe(1);
});

test.each<[string, string, string[]]>([
  ['null', 'null', ['IST0106 ']],
  ['no applyTo', `{${remove}}`, ['IST0106 ']],
  ['no patch', '{applyTo: CLUSTER}', ['IST0106 ']],
  ['no operation', '{applyTo: CLUSTER, patch: {value: {}}}', ['IST0106 .patch']],
  ['no value', '{applyTo: CLUSTER, patch: {operation: ADD}}', ['IST0106 .patch']],
  ['no value for REMOVE', `{applyTo: CLUSTER, ${remove}}`, []],
  ['a version pattern', `{applyTo: CLUSTER, match: {proxy: {proxyVersion: "1\\\\.2[78].*"}}, ${remove}}`, []],
  ['a version pattern that does not parse', `{applyTo: CLUSTER, match: {proxy: {proxyVersion: "^1.(28"}}, ${remove}}`, ['IST0106 .match.proxy.proxyVersion']],
  ['a listener patch with a cluster match', `{applyTo: HTTP_FILTER, match: {cluster: {}}, patch: {operation: ADD, value: {x: 1}}}`, ['IST0106 .match.cluster']],
  ['a route patch with a listener match', `{applyTo: VIRTUAL_HOST, match: {listener: {}}, ${remove}}`, ['IST0106 .match.listener']],
  ['a cluster patch with a route match', `{applyTo: CLUSTER, match: {routeConfiguration: {}}, ${remove}}`, ['IST0106 .match.routeConfiguration']],
  [
    'a wrong match and a wrong value',
    '{applyTo: CLUSTER, match: {listener: {}}, patch: {operation: ADD, value: {name: 1}}}',
    ['IST0106 .match.listener', 'IST0106 .patch.value.name'],
  ],
  ['two matches, of which the last counts', `{applyTo: CLUSTER, match: {listener: {}, cluster: {}}, ${remove}}`, []],
  ['a bootstrap patch with any match', `{applyTo: BOOTSTRAP, match: {cluster: {}}, ${remove}}`, []],
  ['a filter match', filterAt('NETWORK_FILTER', '{name: x}'), []],
  ['a filter match without name', filterAt('NETWORK_FILTER', '{}'), ['IST0106 .match.listener.filterChain.filter']],
  ['a filter match for a listener', filterAt('LISTENER', '{name: x}'), ['IST0133 .match.listener.filterChain.filter']],
  ['a sub-filter match', filterAt('HTTP_FILTER', `{name: ${manager}, subFilter: {name: x}}`), []],
  [
    'a sub-filter match for a network filter',
    filterAt('NETWORK_FILTER', `{name: ${manager}, subFilter: {name: x}}`),
    ['IST0106 .match.listener.filterChain.filter.subFilter'],
  ],
  ['a sub-filter match in another filter', filterAt('HTTP_FILTER', '{name: x, subFilter: {name: x}}'), ['IST0106 .match.listener.filterChain.filter.name']],
  ['a sub-filter match without name', filterAt('HTTP_FILTER', `{name: ${manager}, subFilter: {}}`), ['IST0106 .match.listener.filterChain.filter.subFilter']],
  [
    'old names of filters',
    filterAt('HTTP_FILTER', '{name: envoy.http_connection_manager, subFilter: {name: envoy.router}}'),
    ['IST0133 .match.listener.filterChain.filter.subFilter.name', 'IST0133 .match.listener.filterChain.filter.name'],
  ],
])('%s', (_, patch, places) => {
  expect(placesOf(patch)).toEqual(places);
});

test.each<[string, string]>([
  ['CLUSTER', '{lb_policy: RING_HASH}'],
  ['LISTENER', '{per_connection_buffer_limit_bytes: 1}'],
  ['FILTER_CHAIN', '{filter_chain_match: {server_names: [a]}}'],
  ['LISTENER_FILTER', '{name: x, config_discovery: {}}'],
  ['NETWORK_FILTER', '{name: x, config_discovery: {}}'],
  ['HTTP_FILTER', '{name: x, is_optional: true, config_discovery: {}}'],
  ['ROUTE_CONFIGURATION', '{virtual_hosts: []}'],
  ['VIRTUAL_HOST', '{domains: ["*"]}'],
  ['HTTP_ROUTE', '{route: {timeout: 0s}}'],
  ['EXTENSION_CONFIG', '{name: x, typed_config: {"@type": type.googleapis.com/google.protobuf.Empty, value: {}}}'],
  ['BOOTSTRAP', '{static_resources: {clusters: []}}'],
])('%s is patched with its own message', (applyTo, value) => {
  expect(placesOf(patched(applyTo, value))).toEqual([]);
  expect(placesOf(patched(applyTo, '{bogus: 1}'))).toEqual(['IST0133 .patch.value.bogus']);
});

test('errors hide unknown fields, and these hide extensions without configuration', () => {
  expect(placesOf(patched('HTTP_FILTER', '{name: 1, bogus: 1}'))).toEqual(['IST0106 .patch.value.name']);
  expect(placesOf(patched('HTTP_FILTER', '{name: x, bogus: 1}'))).toEqual(['IST0133 .patch.value.bogus']);
  expect(placesOf(patched('HTTP_FILTER', '{name: x}'))).toEqual(['IST0133 .patch.value']);
});

test('problems of one patch count as one for the reference, which stops at the first', () => {
  const problems = said(`configPatches: [${patched('CLUSTER', '{name: 1, lb_policy: X}')}, ${patched('CLUSTER', '{alt_stat_name: 1}')}]`);
  expect(problems).toHaveLength(3);
  expect(new Set(problems.map((p) => p.same)).size).toBe(1);
});

test.each<[string, string, string | undefined, string | undefined]>([
  ['a misspelt field', patched('CLUSTER', '{connectTimout: 5s}'), 'perhaps it is "connectTimeout"', 'connectTimeout'],
  ['a misspelt field in snake case', patched('CLUSTER', '{connect_timout: 5s}'), 'perhaps it is "connect_timeout"', 'connect_timeout'],
  ['a field of something else', patched('CLUSTER', '{domains: []}'), '"domains" is a field of what VIRTUAL_HOST apply to; check applyTo', undefined],
  [
    'a misspelt type',
    patched('HTTP_FILTER', '{typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Loa}}'),
    'perhaps it is type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua',
    undefined,
  ],
  [
    'a filter by name',
    patched('HTTP_FILTER', '{name: envoy.filters.http.ext_authz}'),
    expect.stringContaining('envoy.extensions.filters.http.ext_authz.v3.ExtAuthz'),
    undefined,
  ],
  ['an old name', filterAt('NETWORK_FILTER', '{name: envoy.tcp_proxy}'), undefined, 'envoy.filters.network.tcp_proxy'],
])('%s: what to do', (_, patch, help, fix) => {
  const [problem] = said(`configPatches: [${patch}]`);
  expect([problem?.help, problem?.fix?.text]).toEqual([help, fix]);
});
