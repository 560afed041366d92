import { expect, it } from 'vitest';
import { isSeenIn, isSeenTogether, scopesOf } from './visibility.ts';

it.each([
  [undefined, undefined, ['*']],
  [[], ['.'], ['shop']],
  [['.', 'front'], undefined, ['shop', 'front']],
  [['front', '*'], undefined, ['*']],
  [['~'], undefined, []],
])('exportTo %j with defaults %j: %j', (exportTo, defaults, scopes) => {
  expect([...scopesOf(exportTo, 'shop', defaults)]).toEqual(scopes);
});

it.each([
  [['*'], ['a'], true],
  [['a', 'b'], ['b', 'c'], true],
  [['a'], ['b'], false],
  [[], ['*'], false],
])('%j and %j are seen together: %s', (a, b, together) => {
  expect(isSeenTogether(new Set(a), new Set(b))).toBe(together);
  expect(isSeenTogether(new Set(b), new Set(a))).toBe(together);
});

it('everyone sees what is for all', () => {
  expect(isSeenIn(new Set(['*']), 'a')).toBe(true);
  expect(isSeenIn(new Set(['b']), 'a')).toBe(false);
});
