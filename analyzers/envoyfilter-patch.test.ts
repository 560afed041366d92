import { expect, it } from 'vitest';
import { runAnalyzer } from '../src/analysis/testing.ts';
import analyzer from './envoyfilter-patch.ts';

/** One EnvoyFilter a list of patches; those of the first are from line 6 on, each on a line. */
const filters = (...specs: string[][]): string =>
  specs
    .map((patches, i) => {
      const spec = `spec:\n  configPatches:\n${patches.map((p) => `  - ${p}`).join('\n')}`;
      return `kind: EnvoyFilter\napiVersion: networking.istio.io/v1alpha3\nmetadata: {name: f${i}, namespace: shop}\n${spec}\n`;
    })
    .join('---\n');
const patch = (applyTo: string, operation: string, value?: string, match?: string): string =>
  `{applyTo: ${applyTo}${match === undefined ? '' : `, match: ${match}`}, patch: {operation: ${operation}${value === undefined ? '' : `, value: ${value}`}}}`;
const version = '{proxy: {proxyVersion: "1.28"}}';
const codes = (yaml: string): string[] => runAnalyzer(analyzer, yaml, { preset: 'recommended' }).map(({ code, line }) => `${code}:${line}`);

it.each<[string, string, string[]]>([
  ['ADD of a cluster', patch('CLUSTER', 'ADD', '{}'), []],
  ['ADD of a route', patch('HTTP_ROUTE', 'ADD', '{}'), ['IST0153:6']],
  ['ADD of a route configuration', patch('ROUTE_CONFIGURATION', 'ADD', '{}'), ['IST0153:6']],
  ['ADD of a virtual host', patch('VIRTUAL_HOST', 'ADD', '{}'), []],
  ['REMOVE of a route', patch('HTTP_ROUTE', 'REMOVE'), ['IST0154:6']],
  ['REMOVE of a route configuration', patch('ROUTE_CONFIGURATION', 'REMOVE'), ['IST0154:6']],
  ['REMOVE of a listener', patch('LISTENER', 'REMOVE'), ['IST0151:6']],
  ['REPLACE of a filter', patch('NETWORK_FILTER', 'REPLACE', '{}'), ['IST0151:6']],
  ['REPLACE of a cluster', patch('CLUSTER', 'REPLACE', '{}'), ['IST0152:6']],
  ['INSERT_BEFORE', patch('HTTP_FILTER', 'INSERT_BEFORE', '{}'), ['IST0151:6']],
  ['INSERT_AFTER of a route', patch('HTTP_ROUTE', 'INSERT_AFTER', '{}'), ['IST0151:6']],
  ['INSERT_FIRST', patch('HTTP_FILTER', 'INSERT_FIRST', '{}'), []],
  ['MERGE', patch('CLUSTER', 'MERGE', '{}'), []],
  ['no operation', '{applyTo: CLUSTER, patch: {value: {}}}', []],
])('%s', (_, line, expected) => {
  expect(codes(filters([line]))).toEqual(expected);
});

it('a priority makes relative operations safe, and wrong ones no better', () => {
  const yaml = filters([patch('CLUSTER', 'REMOVE'), patch('HTTP_ROUTE', 'REMOVE')]).replace('spec:', 'spec:\n  priority: -1');
  expect(codes(yaml)).toEqual(['IST0154:8']);
});

it('patches after one that is missing are not looked at', () => {
  expect(codes(filters([patch('HTTP_ROUTE', 'ADD', '{}'), 'null', patch('HTTP_ROUTE', 'REMOVE')]))).toEqual(['IST0153:6']);
  expect(codes(filters(['{applyTo: CLUSTER}', patch('HTTP_ROUTE', 'REMOVE')]))).toEqual([]);
});

const insert = (name: string, match?: string): string => patch('HTTP_FILTER', 'INSERT_BEFORE', `{name: ${name}}`, match);
const named = '{listener: {filterChain: {filter: {name: lua}}}}';

it.each<[string, string[][], string[]]>([
  ['its own version', [[insert('lua', version)]], ['IST0151']],
  ['the same name in an earlier patch', [[insert('lua', version), insert('lua')]], ['IST0151', 'IST0155']],
  ['the same name in an earlier filter', [[insert('lua', version)], [insert('lua')]], ['IST0151', 'IST0155']],
  ['the same name in a later filter', [[insert('lua')], [insert('lua', version)]], ['IST0151', 'IST0151']],
  ['another name', [[insert('lua', version)], [insert('wasm')]], ['IST0151', 'IST0151']],
  ['the same name, without a version', [[insert('lua')], [insert('lua')]], ['IST0151', 'IST0151']],
  ['the same name of INSERT_FIRST', [[patch('HTTP_FILTER', 'INSERT_FIRST', '{name: lua}', version)], [insert('lua')]], ['IST0155']],
  ['no name at all', [[patch('HTTP_FILTER', 'REMOVE', undefined, version)], [patch('HTTP_FILTER', 'REMOVE')]], ['IST0151', 'IST0155']],
  ['the name of a match, which is another', [[insert('lua', version)], [patch('HTTP_FILTER', 'INSERT_BEFORE', '{}', named)]], ['IST0151', 'IST0151']],
  [
    'the name of two matches',
    [[patch('HTTP_FILTER', 'REPLACE', '{}', named.replace('{', '{proxy: {proxyVersion: x}, '))], [patch('HTTP_FILTER', 'INSERT_BEFORE', '{}', named)]],
    ['IST0151', 'IST0155'],
  ],
])('a proxyVersion: %s', (_, specs, expected) => {
  expect(runAnalyzer(analyzer, filters(...specs), { preset: 'recommended' }).map(({ code }) => code)).toEqual(expected);
});

it('the reference tells each once for a filter', () => {
  expect(runAnalyzer(analyzer, filters([insert('a'), insert('b')]))).toHaveLength(1);
});
