import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RouteMatch } from '../../ir/route-match.ts';
import type { StringMatcher } from '../../ir/string-matcher.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { explainMatch } from './explain.ts';
import { findRoute, findVirtualHost } from './naive-router.ts';
import { conditionRequest } from './request-head.ts';
import { compileRouter } from './router.ts';
import { anyMatch, connection, forward, head, ids, record, route, routeConfig, sidecar, virtualHost } from './testing.ts';

describe('virtual hosts', () => {
  const domains = ['h', 'a.wild.com', '*.wild.com', '*.b.wild.com', 'pre.*', 'pre.long.*', '[::1]', '10.0.0.1', 'dot.', 'h,h2', '*-x.io', '*'];
  const router = compileRouter(routeConfig(...domains.map((domain) => virtualHost([domain], [route()], { name: domain }))));

  it.each([
    ['h', 'h'],
    ['H', 'h'],
    ['h:1234', 'h'],
    ['h.', '*'],
    ['dot.', 'dot.'],
    ['wild.com', '*'],
    ['.wild.com', '*'],
    ['a.wild.com:80', 'a.wild.com'],
    ['c.wild.com', '*.wild.com'],
    ['c.b.wild.com', '*.b.wild.com'],
    ['pre.wild.com', '*.wild.com'],
    ['pre.x', 'pre.*'],
    ['pre.', '*'],
    ['pre.long.x', 'pre.long.*'],
    ['[::1]', '[::1]'],
    ['[::1]:8080', '[::1]'],
    ['[::2]', '*'],
    ['10.0.0.1:9', '10.0.0.1'],
    ['h,h2', 'h,h2'],
    ['q-x.io', '*-x.io'],
    ['-x.io', '*'],
    ['other', '*'],
  ])('SEL-R59, SEL-R60, SEL-R61: %s → %s', (authority, name) => {
    expect(router.virtualHost(authority)?.name).toBe(name);
    expect(findVirtualHost(router.config, authority)?.domain).toBe(name);
  });

  it('SEL-R59: no other virtual host is asked when no route of the most specific one matches', () => {
    const only: RouteMatch = { ...anyMatch, path: { kind: 'exact', value: '/x' } };
    const both = compileRouter(routeConfig(virtualHost(['h'], [route(forward(), { match: only })]), virtualHost(['*'], [route()])));
    expect(both.virtualHost('h')?.match(record('/y'))).toBeUndefined();
    expect(both.virtualHost('i')?.match(record('/y'))).toBeDefined();
  });

  it('SEL-R59: nothing is found where no domain is for all', () => {
    expect(compileRouter(routeConfig(virtualHost(['h'], [route()]))).virtualHost('i')).toBeUndefined();
  });

  it('the first virtual host that claims a domain keeps it', () => {
    const router = compileRouter(routeConfig(virtualHost(['a'], [], { name: 'first' }), virtualHost(['A'], [], { name: 'second' })));
    expect(router.virtualHost('a')?.name).toBe('first');
  });
});

/** Whether a request matches a condition alone. */
function matches(match: Partial<RouteMatch>, request: ExchangeRecord): boolean {
  const config = routeConfig(virtualHost(['*'], [route(forward(), { match: { ...anyMatch, ...match } })]));
  return compileRouter(config).virtualHost('x')?.match(request) !== undefined;
}

const path = (kind: 'exact' | 'prefix' | 'regex', value: string, ignoreCase = false): Partial<RouteMatch> => ({
  path: kind === 'regex' ? { kind, value } : { kind, value, ignoreCase },
});
const header = (name: string, matcher: StringMatcher, inverted = false): Partial<RouteMatch> => ({ headers: [{ name, matcher, inverted }] });
const query = (name: string, matcher: StringMatcher): Partial<RouteMatch> => ({ query: [{ name, matcher }] });
const exact = (value: string): StringMatcher => ({ kind: 'exact', value });
const prefix = (value: string): StringMatcher => ({ kind: 'prefix', value });
const regex = (value: string): StringMatcher => ({ kind: 'regex', value });
const present: StringMatcher = { kind: 'present' };

describe('conditions', () => {
  it.each<[string, Partial<RouteMatch>, string, boolean]>([
    ['MAT-R6', path('exact', '/m/exact'), '/m/exact', true],
    ['MAT-R6', path('exact', '/m/exact'), '/m/exact?q', true],
    ['MAT-R6', path('exact', '/m/exact'), '/m/exact/', false],
    ['MAT-R7', path('prefix', '/m/pre'), '/m/preX', true],
    ['MAT-R7', path('prefix', '/m/pre'), '/m/pr', false],
    ['MAT-R7', path('prefix', '/m/pre?'), '/m/pre?', false],
    ['MAT-R8', path('regex', '/m/re[0-9]+'), '/m/re12', true],
    ['MAT-R8', path('regex', '/m/re[0-9]+'), '/m/re12?x=y', true],
    ['MAT-R8', path('regex', '/m/re[0-9]+'), '/m/re12x', false],
    ['MAT-R8', path('regex', 'm/re[0-9]+'), '/m/re12', false],
    ['MAT-R8', path('regex', '(?i)/M/x'), '/m/X', true],
    ['MAT-R9', path('exact', '/M/Exact', true), '/m/eXACT?q', true],
    ['MAT-R9', path('prefix', '/M/pre', true), '/m/PREx', true],
    ['MAT-R9', path('prefix', '/M/pre', true), '/m/pr?E', false],
    ['SEL-R82', { path: { kind: 'segments', value: '/psp' } }, '/psp', true],
    ['SEL-R82', { path: { kind: 'segments', value: '/psp' } }, '/psp/a', true],
    ['SEL-R82', { path: { kind: 'segments', value: '/psp' } }, '/psp?q', true],
    ['SEL-R82', { path: { kind: 'segments', value: '/psp' } }, '/pspa', false],
    ['MAT-R23', query('q', exact('a b')), '/?q=a%20b', false],
    ['MAT-R23', query('q', exact('a%20b')), '/?q=a%20b', true],
    ['MAT-R23', query('q', exact('1')), '/?Q=1', false],
    ['MAT-R23', query('q', exact('1')), '/?q=2&q=1', false],
    ['MAT-R23', query('q', exact('2')), '/?x&q=2&q=1', true],
    ['MAT-R23', query('q', exact('')), '/?q', true],
    ['MAT-R23', query('q', present), '/?q=', true],
    ['MAT-R23', query('q', present), '/?qq=1', false],
    ['MAT-R23', query('q', prefix('a')), '/?q=ab', true],
    ['MAT-R23', query('q', regex('[0-9]+')), '/?q=12a', false],
    ['MAT-R23', query('q', regex('[0-9]+')), '/?q=12', true],
    ['MAT-R23', query('', present), '/?', false],
  ])('%s: %j %s', (_rule, match, target, holds) => expect(matches(match, record(target))).toBe(holds));

  it.each<[string, Partial<RouteMatch>, string[], boolean]>([
    ['MAT-R17', header('X-A', exact('v')), ['x-a', 'v'], true],
    ['MAT-R17', header('x-a', exact('v')), ['x-a', 'V'], false],
    ['MAT-R17', header('x-a', prefix('v')), ['x-a', 'vw'], true],
    ['MAT-R17', header('x-a', regex('v+')), ['x-a', 'vvw'], false],
    ['MAT-R17', header('x-a', exact('')), ['x-a', ''], true],
    ['MAT-R17', header('x-a', exact('')), [], false],
    ['MAT-R18', header('x-a', present), ['x-a', ''], true],
    ['MAT-R18', header('x-a', present), [], false],
    ['MAT-R19', header('x-a', exact('1,2')), ['x-a', '1', 'x-a', '2'], false],
    ['MAT-R19', header('x-a', exact('2')), ['x-a', '1', 'x-a', '2'], true],
    ['MAT-R19', header('x-a', exact('2'), true), ['x-a', '1', 'x-a', '2'], false],
    ['MAT-R21', header('x-a', exact('z'), true), [], true],
    ['MAT-R21', header('x-a', exact('z'), true), ['x-a', 'z'], false],
    ['MAT-R21', header('x-a', regex('.*'), true), [], false],
    ['MAT-R21', header('x-a', prefix('p'), true), [], true],
    ['MAT-R21', header('x-a', present, true), [], true],
    ['MAT-R21', header('x-a', present, true), ['x-a', ''], false],
  ])('%s: %j %j', (_rule, match, headers, holds) => expect(matches(match, record('/', headers))).toBe(holds));

  const request = record('/p?q=1', [], { authority: 'h:99', method: 'GET', scheme: 'https' });
  it.each<[string, Partial<RouteMatch>, boolean]>([
    ['MAT-R14', header(':scheme', exact('https')), true],
    ['MAT-R15', header(':method', exact('GET')), true],
    ['MAT-R15', header(':method', exact('get')), false],
    ['MAT-R16', header(':authority', exact('h:99')), true],
    ['MAT-R16', header(':authority', exact('h')), false],
    ['MAT-R20', header('host', exact('h:99')), true],
    ['MAT-R20', header(':path', exact('/p?q=1')), true],
    ['MAT-R20', header(':path', exact('/p')), false],
    ['MAT-R20', header(':status', present), false],
  ])('%s: %j', (_rule, match, holds) => expect(matches(match, request)).toBe(holds));

  it.each([
    [['x-forwarded-proto', 'https'], 'https'],
    [['x-forwarded-proto', 'http'], 'http'],
    [['x-forwarded-proto', 'ftp'], 'http'],
    [[], 'http'],
  ])('MAT-R14: the scheme of HTTP/1 comes from x-forwarded-proto: %j', (headers, scheme) => {
    const request = record();
    conditionRequest(head({ headers }), connection(), sidecar, ids, request);
    expect(matches(header(':scheme', exact(scheme)), request)).toBe(true);
  });

  it('MAT-R22: claims are a text, or a list with the text; without a token only inverted conditions hold', () => {
    const claim = (value: string, inverted = false): Partial<RouteMatch> => ({ claims: [{ path: ['a', 'b'], matcher: exact(value), inverted }] });
    const of = (claims: unknown) => record('/', [], { claims });
    expect(matches(claim('x'), of({ a: { b: 'x' } }))).toBe(true);
    expect(matches(claim('x'), of({ a: { b: ['y', 'x'] } }))).toBe(true);
    expect(matches(claim('x'), of({ a: { b: 5 } }))).toBe(false);
    expect(matches(claim('x'), of(undefined))).toBe(false);
    expect(matches(claim('x', true), of(undefined))).toBe(true);
  });

  it('MAT-R30: an expression that is no RE2 matches nothing', () => expect(matches(path('regex', '(?=a)'), record('/a'))).toBe(false));

  it('RT-R48: no route is for CONNECT', () => expect(matches({}, record('', [], { method: 'CONNECT' }))).toBe(false));
});

describe('order', () => {
  const router = (...all: Partial<RouteMatch>[]) =>
    compileRouter(
      routeConfig(
        virtualHost(
          ['*'],
          all.map((match) => route(forward(), { match: { ...anyMatch, ...match } })),
        ),
      ),
    );

  it('MAT-R1: the first match wins, whatever its form', () => {
    const all = router(path('prefix', '/a/b'), path('exact', '/a/b/c'), path('prefix', '/a'), path('regex', '/x.*'), path('exact', '/xy'), {});
    const chosen = (target: string): number | undefined => all.virtualHost('x')?.match(record(target))?.index;
    expect(['/a/b/c', '/a/c', '/xy', '/zz', '/a/b?x'].map(chosen)).toEqual([0, 2, 3, 5, 0]);
  });

  it('MAT-R1: conditions of one match must all hold, one match is enough', () => {
    const all = router(
      { ...path('prefix', '/a'), ...header('x', exact('1')), ...query('q', exact('2')) },
      { ...path('prefix', '/a'), ...header('x', exact('1')) },
    );
    const chosen = (target: string, headers: string[]): number | undefined => all.virtualHost('x')?.match(record(target, headers))?.index;
    expect([chosen('/a?q=2', ['x', '1']), chosen('/a', ['x', '1']), chosen('/a?q=2', [])]).toEqual([0, 1, undefined]);
  });

  it('MAT-R1: many routes that differ by a header or a parameter only keep their order', () => {
    const many: Partial<RouteMatch>[] = Array.from({ length: 40 }, (_, i) =>
      i % 2 ? header('x-user', exact(`u${i % 30}`)) : query('user', exact(`u${i % 30}`)),
    );
    const all = router(...many, {});
    const chosen = (target: string, headers: string[]): number | undefined => all.virtualHost('x')?.match(record(target, headers))?.index;
    expect(chosen('/', ['x-user', 'u7'])).toBe(7);
    expect(chosen('/?user=u4', ['x-user', 'u7'])).toBe(4);
    expect(chosen('/?user=u7', ['x-user', 'u4'])).toBe(40);
  });
});

describe('the compiled router against the rules one by one', () => {
  const text = fc.constantFrom('', 'a', 'A', 'ab', 'b', '1', '12', 'a,b', 'aB');
  const segment = fc.constantFrom('', 'a', 'A', 'ab', 'b', 'x1', 'svc', 'svc-1', 'svc-12', 'v.1');
  const somePath = fc.array(segment, { minLength: 1, maxLength: 4 }).map((all) => `/${all.join('/')}`);
  const expression = fc.constantFrom('.*', '/a.*', '/a/b', '/(a|ab)/.*', '(?i)/A', '/svc-[0-9]+.*', 'a+', '[0-9]*', '/svc-1|/x1', '/v\\.1', '/a{2}', '(', '');
  const matcher: fc.Arbitrary<StringMatcher> = fc.oneof(
    fc.record({ kind: fc.constant('exact' as const), value: text, ignoreCase: fc.boolean() }),
    fc.record({ kind: fc.constant('prefix' as const), value: text, ignoreCase: fc.boolean() }),
    fc.record({ kind: fc.constant('regex' as const), value: expression }),
    fc.constant(present),
  );
  const pathMatcher = fc.oneof(
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('exact' as const), value: somePath, ignoreCase: fc.boolean() }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('prefix' as const), value: somePath, ignoreCase: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('segments' as const), value: somePath.map((p) => p.replace(/\/+$/, '')) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('regex' as const), value: expression }) },
    { weight: 1, arbitrary: fc.constant(present) },
  );
  const name = fc.constantFrom('x-a', 'x-b', ':method', ':authority', ':path', ':scheme', 'host');
  const few = { maxLength: 2 };
  const match: fc.Arbitrary<RouteMatch> = fc.record({
    path: pathMatcher,
    headers: fc.array(fc.record({ name, matcher, inverted: fc.boolean() }), few),
    query: fc.array(fc.record({ name: fc.constantFrom('q', 'r', 'Q', ''), matcher }), few),
  });
  const table = fc.oneof(
    fc.array(match, { maxLength: 12 }),
    // Many at one place, so that conditions are hashed.
    fc.array(
      fc.record({
        path: fc.constantFrom(undefined, prefix('/a')),
        headers: fc.array(fc.record({ name: fc.constant('x-a'), matcher: text.map(exact), inverted: fc.boolean() }), few),
        query: fc.array(fc.record({ name: fc.constant('q'), matcher: text.map(exact) }), few),
      }),
      { minLength: 8, maxLength: 30 },
    ),
  );
  const request = fc
    .record({
      path: somePath,
      query: fc.array(fc.tuple(fc.constantFrom('q', 'r', 'Q', ''), fc.option(text)), { maxLength: 3 }),
      hasQuery: fc.boolean(),
      headers: fc.array(fc.tuple(fc.constantFrom('x-a', 'x-b'), text), { maxLength: 3 }),
      method: fc.constantFrom('GET', 'a', 'CONNECT'),
      authority: fc.constantFrom('a', 'A:80', 'b.a', 'x.b.a', 'ab', 'a.b', 'zz', '[::1]:1'),
    })
    .map(({ path: p, query: q, hasQuery, headers, method, authority }) => {
      const pairs = q.map(([key, value]) => (value === null ? key : `${key}=${value}`)).join('&');
      return record(hasQuery ? `${p}?${pairs}` : p, headers.flat(), { method, authority });
    });
  const domain = fc.constantFrom('a', 'A', 'b.a', '*.a', '*.b.a', 'a.*', '*', 'ab', '*b', 'x.*', '[::1]');

  it('MAT-R1, MAT-R24, SEL-R59: both choose the same route for 4,000 random tables and requests, and often one is chosen', () => {
    let found = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(domain, { minLength: 1, maxLength: 3 }), table), { minLength: 1, maxLength: 3 }),
        fc.array(request, { minLength: 1, maxLength: 4 }),
        (hosts, requests) => {
          const config = routeConfig(
            ...hosts.map(([domains, matches], i) =>
              virtualHost(
                domains,
                matches.map((m) => route(forward(), { match: m })),
                { name: `h${i}` },
              ),
            ),
          );
          const router = compileRouter(config);
          for (const one of requests) {
            const expected = findVirtualHost(config, one.authority);
            const chosen = router.virtualHost(one.authority);
            expect(chosen?.name).toBe(expected?.virtualHost.name);
            if (!expected) continue;
            const position = findRoute(expected.virtualHost, one);
            expect(chosen?.match(one)?.index ?? -1).toBe(position);
            if (position >= 0) found++;
            expect(explainMatch(config, one).chosen).toBe(position);
          }
        },
      ),
      { numRuns: 4000 },
    );
    expect(found).toBeGreaterThan(1000);
  });
});
