import { describe, expect, it } from 'vitest';
import type { ClaimMatcher, HeaderMatcher, PathMatcher, QueryMatcher } from '../../ir/route-match.ts';
import type { StringMatcher } from '../../ir/string-matcher.ts';
import { routeMatch } from './match.ts';
import { stringMatch } from './string-match.ts';

const anyText = { safe_regex: { regex: '(?s).*' } };

describe('paths', () => {
  it.each<[PathMatcher | undefined, object]>([
    [undefined, { prefix: '/' }],
    [{ kind: 'present' }, { prefix: '/' }],
    [{ kind: 'exact', value: '/a' }, { path: '/a' }],
    [
      { kind: 'exact', value: '/a', ignoreCase: true },
      { path: '/a', case_sensitive: false },
    ],
    [{ kind: 'exact', value: '' }, { path: '' }],
    [{ kind: 'prefix', value: '/a', ignoreCase: false }, { prefix: '/a' }],
    [
      { kind: 'prefix', value: '/a', ignoreCase: true },
      { prefix: '/a', case_sensitive: false },
    ],
    [{ kind: 'prefix', value: '' }, { prefix: '' }],
    [{ kind: 'regex', value: '/a.*' }, { safe_regex: { regex: '/a.*' } }],
    // No path is empty, and Envoy takes no empty expression.
    [{ kind: 'regex', value: '' }, { path: '' }],
  ])('MAP-R18: %j', (path, expected) => expect(routeMatch({ path, headers: [], query: [] })).toEqual(expected));

  it.each([
    ['/a', { path_separated_prefix: '/a' }],
    ['/a/b', { path_separated_prefix: '/a/b' }],
    // What Envoy takes for no prefix of segments.
    ['/a/', { safe_regex: { regex: '/a/(?:/.*)?' } }],
    ['/a.b?c', { safe_regex: { regex: '/a\\.b\\?c(?:/.*)?' } }],
    ['/', { safe_regex: { regex: '/(?:/.*)?' } }],
    ['', { safe_regex: { regex: '(?:/.*)?' } }],
  ])('MAP-R19: whole segments %s', (value, expected) => expect(routeMatch({ path: { kind: 'segments', value }, headers: [], query: [] })).toEqual(expected));
});

it.each<[StringMatcher, object]>([
  [{ kind: 'present' }, anyText],
  [{ kind: 'exact', value: '' }, { exact: '' }],
  [
    { kind: 'exact', value: 'a', ignoreCase: true },
    { exact: 'a', ignore_case: true },
  ],
  [{ kind: 'prefix', value: 'a' }, { prefix: 'a' }],
  [
    { kind: 'prefix', value: 'a', ignoreCase: true },
    { prefix: 'a', ignore_case: true },
  ],
  [{ kind: 'prefix', value: '' }, anyText],
  [{ kind: 'regex', value: 'a|b' }, { safe_regex: { regex: 'a|b' } }],
  [{ kind: 'regex', value: '' }, { exact: '' }],
])('text %j', (matcher, expected) => expect(stringMatch(matcher)).toEqual(expected));

it.each<[HeaderMatcher, object]>([
  [
    { name: 'x-a', matcher: { kind: 'exact', value: '1' }, inverted: false },
    { name: 'x-a', string_match: { exact: '1' } },
  ],
  [
    { name: 'x-a', matcher: { kind: 'present' }, inverted: false },
    { name: 'x-a', present_match: true },
  ],
  // A header that is there with an empty value is there all the same.
  [
    { name: 'x-a', matcher: { kind: 'present' }, inverted: true },
    { name: 'x-a', present_match: true, invert_match: true },
  ],
  [
    { name: ':method', matcher: { kind: 'regex', value: 'G.*' }, inverted: true },
    { name: ':method', string_match: { safe_regex: { regex: 'G.*' } }, invert_match: true, treat_missing_header_as_empty: true },
  ],
  [
    { name: 'x-a', matcher: { kind: 'prefix', value: '' }, inverted: true },
    { name: 'x-a', string_match: anyText, invert_match: true, treat_missing_header_as_empty: true },
  ],
])('MAP-R20, MAP-R21: header %j', (header, expected) =>
  expect(routeMatch({ path: undefined, headers: [header], query: [] })).toEqual({ prefix: '/', headers: [expected] }),
);

it.each<[QueryMatcher, object]>([
  [
    { name: 'q', matcher: { kind: 'exact', value: '' } },
    { name: 'q', string_match: { exact: '' } },
  ],
  [
    { name: 'q', matcher: { kind: 'present' } },
    { name: 'q', present_match: true },
  ],
])('MAP-R23: query parameter %j', (query, expected) =>
  expect(routeMatch({ path: undefined, headers: [], query: [query] })).toEqual({ prefix: '/', query_parameters: [expected] }),
);

it.each<[ClaimMatcher, string[], object, boolean]>([
  [{ path: ['sub'], matcher: { kind: 'exact', value: 'a' }, inverted: false }, ['payload', 'sub'], { exact: 'a' }, false],
  [{ path: ['realm', 'roles'], matcher: { kind: 'present' }, inverted: true }, ['payload', 'realm', 'roles'], anyText, true],
])('MAT-R22: claim %j', (claim, path, text, invert) => {
  const [found] = routeMatch({ path: undefined, headers: [], query: [], claims: [claim] }).dynamic_metadata as object[];
  expect(found).toEqual({
    filter: 'envoy.filters.http.jwt_authn',
    path: path.map((key) => ({ key })),
    value: { or_match: { value_matchers: [{ list_match: { one_of: { string_match: text } } }, { string_match: text }] } },
    ...(invert ? { invert } : {}),
  });
});
