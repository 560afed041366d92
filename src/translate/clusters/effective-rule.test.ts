import { describe, expect, it } from 'vitest';
import type { TestOptions } from '../../analysis/testing.ts';
import { effectiveRule } from './effective-rule.ts';
import { cartHost, meshWith, proxyIn, rule } from './testing.ts';

/** `name: maxConnections subset=label …` of the rule that counts. */
function found(
  documents: readonly string[],
  client: string,
  {
    host = cartHost,
    labels = {},
    direction = 'outbound',
    ...options
  }: { host?: string; labels?: Record<string, string>; direction?: 'outbound' | 'inbound' } & TestOptions = {},
): string {
  const merged = effectiveRule(meshWith(documents, options), proxyIn(client, { labels }), { host, namespace: 'shop' }, direction);
  if (!merged) return 'none';
  const subsets = merged.subsets.map(({ subset }) => `${subset.name}=${Object.values(subset.labels ?? {}).join(',')}`);
  return [merged.policy?.policy.connectionPool?.tcp?.maxConnections ?? 'no policy', ...subsets].join(' ');
}

const max = (connections: number): string => `trafficPolicy: {connectionPool: {tcp: {maxConnections: ${connections}}}}`;
const dr = (connections: number, namespace: string, host: string, more = '', name = `n${connections}`, meta = ''): string =>
  rule(`host: "${host}", ${max(connections)}${more === '' ? '' : `, ${more}`}`, name, namespace, meta);
const created = (year: number): string => `creationTimestamp: "${year}-01-01T00:00:00Z"`;

describe('DR-R1: the first level with a match wins completely', () => {
  const all = [dr(1, 'istio-system', '*.local'), dr(2, 'shop', cartHost, 'subsets: [{name: v1}]'), dr(3, 'ops', '*.svc.cluster.local')];
  it.each([
    ['the client namespace hides a more exact rule of the service namespace with its subsets', all, 'ops', '3'],
    ['else the service namespace', all, 'other', '2 v1='],
    ['else the root namespace', all.slice(0, 1), 'other', '1'],
    ['a private rule of the client namespace counts', [...all, dr(4, 'other', 'cart.shop.svc.cluster.local', 'exportTo: [.]')], 'other', '4'],
    ['DR-R7: a rule for another host is none', [dr(4, 'shop', 'basket')], 'shop', 'none'],
    ['a short name is one of the namespace of its rule', [dr(4, 'shop', 'cart'), dr(5, 'ops', 'cart')], 'ops', '4'],
    ['a client in the root namespace takes public rules there for everybody', all, 'istio-system', '2 v1='],
    ['and private ones for its own', [...all, dr(4, 'istio-system', '*.local', 'exportTo: [.]')], 'istio-system', '4'],
  ])('%s', (_, documents, client, expected) => expect(found(documents, client)).toBe(expected));
});

it('DR-R2: of one namespace the exact host, then the longest wildcard', () => {
  const wild = [dr(1, 'shop', '*.local'), dr(2, 'shop', '*.svc.cluster.local'), dr(3, 'shop', '*')];
  expect(found(wild, 'shop')).toBe('2');
  expect(found([...wild, dr(4, 'shop', 'cart')], 'shop')).toBe('4');
  expect(found(wild, 'shop', { host: 'a.example' })).toBe('3');
  expect(found([dr(1, 'shop', '*.b.example'), dr(2, 'shop', '*.example')], 'shop', { host: '*.b.example' })).toBe('1');
});

describe('DR-R3: exportTo', () => {
  const open = dr(2, 'shop', '*.local');
  const root = dr(9, 'istio-system', '*.local');
  it.each([
    ['what is private hides nothing', [dr(1, 'shop', 'cart', 'exportTo: [.]'), open, root], 'ops', '2'],
    ['nor what names its own namespace', [dr(1, 'shop', 'cart', 'exportTo: [shop]'), open, root], 'ops', '2'],
    ['nor what is for some workloads', [dr(1, 'shop', 'cart', 'workloadSelector: {matchLabels: {a: b}}'), open, root], 'ops', '2'],
    ['what is exported to others only hides less exact rules of its namespace', [dr(1, 'shop', 'cart', 'exportTo: [other]'), open, root], 'ops', '9'],
    ['and is there for those', [dr(1, 'shop', 'cart', 'exportTo: [other]'), open, root], 'other', '1'],
    ['its own namespace does not have it', [dr(1, 'shop', 'cart', 'exportTo: [other]'), root], 'shop', '9'],
    ['* is everybody', [dr(1, 'shop', 'cart', 'exportTo: ["*"]'), open], 'ops', '1'],
  ])('%s', (_, documents, client, expected) => expect(found(documents, client)).toBe(expected));

  it('without a word as the mesh says', () => {
    const options = { meshConfig: { defaultDestinationRuleExportTo: ['.'] } };
    expect(found([dr(1, 'shop', 'cart'), root], 'ops', options)).toBe('none');
    expect(found([dr(1, 'shop', 'cart')], 'shop', options)).toBe('1');
  });
});

describe('DR-R4: several rules for one host', () => {
  const subsets = (...names: string[]): string =>
    `subsets: [${names.map((name) => `{name: ${name.split('=')[0]}, labels: {v: x${name.split('=')[1]}}}`).join(', ')}]`;
  it.each([
    [
      'the oldest policy, and all subsets',
      [dr(1, 'shop', 'cart', subsets('a=1'), 'new', created(2024)), dr(2, 'shop', 'cart', subsets('b=2'), 'old', created(2020))],
      '2 b=x2 a=x1',
    ],
    [
      'the first definition of a subset',
      [dr(1, 'shop', 'cart', subsets('a=1'), 'old', created(2020)), dr(2, 'shop', 'cart', subsets('a=2', 'a=3'), 'new', created(2024))],
      '1 a=x1',
    ],
    ['DR-R6: without a time of creation it is the newest', [dr(1, 'shop', 'cart', '', 'a'), dr(2, 'shop', 'cart', '', 'b', created(2024))], '2'],
    ['of one age by name', [dr(2, 'shop', 'cart', '', 'b'), dr(1, 'shop', 'cart', '', 'a')], '1'],
    [
      'the whole policy of the first that has one',
      [rule(`host: cart, ${subsets('a=1')}`, 'a'), rule('host: cart, trafficPolicy: {tls: {}}', 'b'), dr(3, 'shop', 'cart', '', 'c')],
      'no policy a=x1',
    ],
    [
      'with unequal exportTo they stay apart, and the last counts',
      [dr(1, 'shop', 'cart', subsets('a=1'), 'a'), dr(2, 'shop', 'cart', 'exportTo: ["*"]', 'b')],
      '2',
    ],
  ])('%s', (_, documents, expected) => expect(found(documents, 'shop')).toBe(expected));

  it('of those that stay apart the last that the client sees', () => {
    expect(found([dr(1, 'shop', 'cart', '', 'a'), dr(2, 'shop', 'cart', 'exportTo: [other]', 'b')], 'ops')).toBe('1');
  });
});

describe('DR-R5: rules for some workloads', () => {
  const selecting = dr(1, 'shop', 'cart', 'workloadSelector: {matchLabels: {app: cli}}', 'z', created(2025));
  const open = dr(2, 'shop', 'cart', '', 'a', created(2020));
  const root = dr(9, 'istio-system', '*.local');
  it('beat the others where they select the proxy', () => {
    expect(found([open, selecting], 'shop', { labels: { app: 'cli', version: 'v1' } })).toBe('1');
    expect(found([open, selecting], 'shop', { labels: { app: 'x' } })).toBe('2');
  });

  it('leave the service without a rule where they do not, whatever other levels say', () => {
    expect(found([selecting, root], 'shop', { labels: { app: 'x' } })).toBe('none');
    expect(
      found([selecting.replace('namespace: shop', 'namespace: ops').replace('host: "cart"', `host: ${cartHost}`), open, root], 'ops', { labels: {} }),
    ).toBe('none');
  });

  it('say nothing about what a workload receives', () => {
    expect(found([open, selecting], 'shop', { labels: { app: 'cli' }, direction: 'inbound' })).toBe('2');
    expect(found([selecting], 'shop', { labels: { app: 'cli' }, direction: 'inbound' })).toBe('none');
  });

  it('with one selector are one', () => {
    const more = dr(3, 'shop', 'cart', 'workloadSelector: {matchLabels: {app: cli}}, subsets: [{name: a}]', 'zz');
    expect(found([selecting, more], 'shop', { labels: { app: 'cli' } })).toBe('1 a=');
  });
});

it('null items and missing fields do no harm', () => {
  expect(found([rule('host: cart, subsets: [null, {labels: {a: b}}], exportTo: []'), rule('trafficPolicy: {}', 'b')], 'shop')).toBe('no policy undefined=b');
});
