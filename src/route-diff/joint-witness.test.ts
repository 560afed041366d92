import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesRequest, type RouteMatch } from '../ir/route-match.ts';
import type { StringMatcher } from '../ir/string-matcher.ts';
import { matchesRegex } from '../proxy/core/regex.ts';
import { jointWitness, type Witness } from './joint-witness.ts';

const frame = { authorities: ['cart.shop'], scheme: 'http' as const };
const match = (m: Partial<RouteMatch>): RouteMatch => ({ path: undefined, headers: [], query: [], ...m });
const exact = (value: string): StringMatcher => ({ kind: 'exact', value });
const prefix = (value: string): StringMatcher => ({ kind: 'prefix', value });
const regex = (value: string): StringMatcher => ({ kind: 'regex', value });
const header = (name: string, matcher: StringMatcher, inverted = false) => ({ name, matcher, inverted });

function meets(found: Witness, one: RouteMatch): boolean {
  const pseudo = [...found.headers].filter(([name]) => name !== ':path');
  return matchesRequest(one, { path: found.path, headers: new Map(pseudo), query: new Map(found.query) }, matchesRegex);
}

const found: [string, RouteMatch[], RouteMatch[], object][] = [
  ['anything', [match({})], [], { path: '/' }],
  ['what is under a prefix, and not it', [match({ path: prefix('/a') })], [match({ path: exact('/a') })], { path: '/ax' }],
  ['what a segment has and a longer name has not', [match({ path: { kind: 'segments', value: '/a' } })], [match({ path: exact('/a') })], { path: '/a/x' }],
  ['a method', [match({ headers: [header(':method', exact('POST'))] })], [], { headers: new Map([[':method', 'POST']]) }],
  ['any other method', [match({})], [match({ headers: [header(':method', exact('GET'))] })], { headers: new Map([[':method', 'POST']]) }],
  ['a missing header', [match({})], [match({ headers: [header('x', { kind: 'present' })] })], { headers: new Map() }],
  [
    'a parameter',
    [match({ query: [{ name: 'q', matcher: prefix('v') }] })],
    [match({ query: [{ name: 'q', matcher: exact('v') }] })],
    { query: [['q', 'vx']] },
  ],
  ['an expression and a prefix', [match({ path: regex('/.*/health') }), match({ path: prefix('/api') })], [], { path: '/api/health' }],
  ['an ending and a prefix', [match({ path: regex('.*[.]jpg') }), match({ path: prefix('/img/') })], [], { path: '/img/.jpg' }],
  ['an expression', [match({ path: regex('/v[0-9]+') })], [], { path: '/v0' }],
];

describe('jointWitness', () => {
  it.each(found)('%s', (_, all, none, expected) => expect(jointWitness(all, none, frame)).toMatchObject(expected));

  it.each<[string, RouteMatch[], RouteMatch[]]>([
    ['paths that exclude each other', [match({ path: exact('/a') }), match({ path: prefix('/b') })], []],
    ['everything is taken', [match({ path: prefix('/a') })], [match({ path: prefix('/') })]],
    [
      'taken by two together',
      [match({})],
      [match({ headers: [header('x', { kind: 'present' })] }), match({ headers: [header('x', { kind: 'present' }, true)] })],
    ],
    ['another scheme', [match({ headers: [header(':scheme', exact('https'))] })], []],
  ])('none: %s', (_, all, none) => expect(jointWitness(all, none, frame)).toBe('none'));

  it('does not know what it cannot write', () => expect(jointWitness([match({ path: regex('/\\pL{4}') })], [], frame)).toBe('unknown'));

  it('agrees with trying every request of a small world', () => {
    const text = fc.stringMatching(/^[ab]{0,2}$/);
    const path = fc.option(fc.record({ kind: fc.constantFrom('exact' as const, 'prefix' as const), value: text.map((t) => `/${t}`) }), { nil: undefined });
    const condition = fc.oneof(
      fc.record({ kind: fc.constantFrom('exact' as const, 'prefix' as const), value: text }),
      fc.constant({ kind: 'present' as const }),
    );
    const headers = fc.array(fc.record({ name: fc.constantFrom('x', 'z'), matcher: condition, inverted: fc.boolean() }), { maxLength: 2 });
    const any = fc.record({ path, headers, query: fc.constant([]) });
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
      fc.property(fc.array(any, { minLength: 1, maxLength: 2 }), fc.array(any, { maxLength: 4 }), (all, none) => {
        const exists = requests.some((r) => all.every((m) => matchesRequest(m, r, matchesRegex)) && !none.some((m) => matchesRequest(m, r, matchesRegex)));
        const search = jointWitness(all, none, frame);
        expect(typeof search === 'object').toBe(exists);
        if (typeof search === 'object') {
          expect(all.every((m) => meets(search, m))).toBe(true);
          expect(none.some((m) => meets(search, m))).toBe(false);
        }
      }),
      { numRuns: 400 },
    );
  });
});
