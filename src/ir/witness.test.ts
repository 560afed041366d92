import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesRegex } from '../manifest/re2.ts';
import { anyProxy, matchesRequest, type ScopedMatch } from './route-match.ts';
import type { StringMatcher } from './string-matcher.ts';
import { coverageOf, literalPrefix } from './witness.ts';

const options = { gateways: ['mesh', 'edge'], regex: matchesRegex };
const route = (r: Partial<ScopedMatch>): ScopedMatch => ({ path: undefined, headers: [], query: [], proxy: anyProxy, ...r });
const exact = (value: string): StringMatcher => ({ kind: 'exact', value });
const prefix = (value: string): StringMatcher => ({ kind: 'prefix', value });
const regex = (value: string): StringMatcher => ({ kind: 'regex', value });
const header = (name: string, matcher: StringMatcher, inverted = false) => ({ name, matcher, inverted });

const covered: [string, ScopedMatch, ScopedMatch[]][] = [
  ['a catch-all takes an exact path', route({ path: exact('/x') }), [route({ path: prefix('/') })]],
  ['a prefix takes a longer prefix', route({ path: prefix('/api/v1') }), [route({ path: prefix('/api') })]],
  ['a match without headers takes one with', route({ path: prefix('/a'), headers: [header('x', exact('1'))] }), [route({ path: prefix('/a') })]],
  [
    'both schemes together take everything',
    route({}),
    [route({ headers: [header(':scheme', exact('http'))] }), route({ headers: [header(':scheme', exact('https'))] })],
  ],
  [
    'present and absent together take everything',
    route({}),
    [route({ headers: [header('x', { kind: 'present' })] }), route({ headers: [header('x', { kind: 'present' }, true)] })],
  ],
  ['ignoring case takes every spelling', route({ path: exact('/API') }), [route({ path: { kind: 'prefix', value: '/api', ignoreCase: true } })]],
  ['.* takes every path', route({ path: regex('/v[0-9]+') }), [route({ path: regex('.*') })]],
  ['a prefix takes a regex that begins with it', route({ path: regex('/api/v[0-9]+') }), [route({ path: prefix('/api/') })]],
  ['the same regex twice', route({ path: regex('/v[0-9]+') }), [route({ path: regex('/v[0-9]+') })]],
  ['each gateway by itself', route({}), [route({ proxy: { ...anyProxy, gateways: ['mesh'] } }), route({ proxy: { ...anyProxy, gateways: ['edge'] } })]],
];

const reachable: [string, ScopedMatch, ScopedMatch[]][] = [
  ['nothing earlier', route({}), []],
  ['the more specific prefix first', route({ path: prefix('/api') }), [route({ path: prefix('/api/v1') })]],
  ['another method', route({ path: prefix('/api/x') }), [route({ path: prefix('/api'), headers: [header(':method', exact('GET'))] })]],
  ['another gateway', route({}), [route({ proxy: { ...anyProxy, gateways: ['edge'] } })]],
  ['other callers', route({ path: prefix('/a') }), [route({ path: prefix('/a'), proxy: { ...anyProxy, sourceLabels: { app: 'web' } } })]],
  ['another source namespace', route({}), [route({ proxy: { ...anyProxy, sourceNamespace: 'shop' } })]],
  ['exact does not take a prefix', route({ path: prefix('/a') }), [route({ path: exact('/a') })]],
  ['spelling matters', route({ path: exact('/API') }), [route({ path: exact('/api') })]],
  ['a regex that leaves something', route({ path: prefix('/api') }), [route({ path: regex('/api/v[0-9]+') })]],
  ['two regexes that nobody compares', route({ path: regex('/a[0-9]') }), [route({ path: regex('/a[0-9]+') })]],
];

describe('coverageOf', () => {
  it.each(covered)('%s', (_, target, earlier) => expect(coverageOf(target, earlier, options).covered).toBe(true));
  it.each(reachable)('%s', (_, target, earlier) => expect(coverageOf(target, earlier, options).covered).toBe(false));

  it('names only the matches that are needed', () => {
    const earlier = [route({ path: exact('/a'), headers: [header(':method', exact('GET'))] }), route({ path: prefix('/') })];
    expect(coverageOf(route({ path: exact('/a') }), earlier, options)).toEqual({ covered: true, by: [1] });
  });

  it('agrees with trying every request of a small world', () => {
    const text = fc.stringMatching(/^[ab]{0,2}$/);
    const path = fc.option(
      fc.record({ kind: fc.constantFrom('exact' as const, 'prefix' as const), value: text.map((t) => `/${t}`), ignoreCase: fc.constant(false) }),
      { nil: undefined },
    );
    const condition = fc.oneof(
      fc.record({ kind: fc.constantFrom('exact' as const, 'prefix' as const), value: text }),
      fc.constant({ kind: 'present' as const }),
    );
    const headers = fc.array(fc.record({ name: fc.constantFrom('x', 'z'), matcher: condition, inverted: fc.boolean() }), { maxLength: 2 });
    const match = fc.record({ path, headers, query: fc.constant([]), proxy: fc.constant(anyProxy) });
    const words = ['', 'a', 'b', 'aa', 'ab', 'ba', 'bb', 'aac', 'abc', 'bac', 'bbc', 'ac', 'bc', 'c'];
    const requests = words.flatMap((p) =>
      [undefined, ...words].flatMap((x) =>
        [undefined, ...words].map((z) => ({
          path: `/${p}`,
          query: new Map<string, string>(),
          headers: new Map([...(x === undefined ? [] : [['x', x] as const]), ...(z === undefined ? [] : [['z', z] as const])]),
        })),
      ),
    );
    fc.assert(
      fc.property(match, fc.array(match, { maxLength: 4 }), (target, earlier) => {
        const own = requests.filter((r) => matchesRequest(target, r, matchesRegex));
        const free = own.some((r) => !earlier.some((e) => matchesRequest(e, r, matchesRegex)));
        // A target that no request meets is not for this search to judge.
        if (own.length > 0) expect(coverageOf(target, earlier, options).covered).toBe(!free);
      }),
      { numRuns: 400 },
    );
  });
});

describe('literalPrefix', () => {
  it.each([
    ['/api/v[0-9]+', '/api/v'],
    ['^/api.*', '/api'],
    ['/ab?c', '/a'],
    ['/a|/b', ''],
    ['(?i)/a', ''],
    ['/a\\.b', '/a.b'],
    ['/a\\d', '/a'],
  ])('%s begins with %s', (expression, expected) => expect(literalPrefix(expression)).toBe(expected));
});
