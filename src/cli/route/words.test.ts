import { describe, expect, it } from 'vitest';
import type { FailedCondition } from '../../proxy/core/explain.ts';
import { failedText, percent } from './words.ts';

describe('why a condition does not hold', () => {
  it.each<[FailedCondition, string]>([
    [{ kind: 'path', matcher: { kind: 'exact', value: '/a' }, value: '/b' }, 'the path is "/b", not "/a"'],
    [{ kind: 'path', matcher: { kind: 'prefix', value: '/a', ignoreCase: true }, value: '/b' }, 'the path is "/b", not "/a…" in any case'],
    [{ kind: 'path', matcher: { kind: 'segments', value: '/a' }, value: '/ab' }, 'the path is "/ab", not "/a" or below'],
    [{ kind: 'path', matcher: { kind: 'regex', value: '/a+' }, value: '/b' }, 'the path is "/b", not a match of "/a+"'],
    [
      { kind: 'header', condition: { name: ':method', matcher: { kind: 'exact', value: 'GET' }, inverted: false }, value: 'POST' },
      'the method is "POST", not "GET"',
    ],
    [
      { kind: 'header', condition: { name: 'x', matcher: { kind: 'exact', value: '1' }, inverted: false }, value: undefined },
      'there is no header x: it wants "1"',
    ],
    [{ kind: 'header', condition: { name: 'x', matcher: { kind: 'present' }, inverted: false }, value: undefined }, 'there is no header x: it wants any value'],
    [{ kind: 'header', condition: { name: 'x', matcher: { kind: 'exact', value: '1' }, inverted: true }, value: '1' }, 'header x is "1", and must not be "1"'],
    [
      { kind: 'header', condition: { name: 'x', matcher: { kind: 'regex', value: '.*' }, inverted: true }, value: undefined },
      'header x is missing, which counts as empty: it must not be a match of ".*"',
    ],
    [{ kind: 'query', condition: { name: 'q', matcher: { kind: 'exact', value: '1' } }, value: '2' }, 'query parameter q is "2", not "1"'],
    [{ kind: 'query', condition: { name: 'q', matcher: { kind: 'exact', value: '1' } }, value: undefined }, 'there is no query parameter q: it wants "1"'],
    [{ kind: 'claim', condition: { path: ['a', 'b'], matcher: { kind: 'exact', value: '1' }, inverted: false } }, 'the token has no claim a.b "1"'],
    [{ kind: 'connect' }, 'no route is for the method CONNECT'],
  ])('%j', (failed, text) => expect(failedText(failed)).toBe(text));
});

it.each([
  [100, '100%'],
  [33.333333, '33.33%'],
  [0.0001, '0.0001%'],
  [0, '0%'],
  [99.9999, '100%'],
])('%d percent', (value, text) => expect(percent(value)).toBe(text));
