import { expect, it } from 'vitest';
import { isDeeperThan } from './nesting.ts';

it.each<[string, unknown, number, boolean]>([
  ['a text', 'x', 0, false],
  ['an empty map', {}, 0, false],
  ['a map in a map', { a: {} }, 0, true],
  ['two levels of two', { a: [{ b: 1 }] }, 2, false],
  ['two levels of one', { a: [{ b: 1 }] }, 1, true],
  ['nothing', null, 0, false],
])('%s', (_, value, mostLevels, expected) => expect(isDeeperThan(mostLevels, value)).toBe(expected));

it('takes no stack', () => {
  let deep: unknown = 1;
  for (let i = 0; i < 1_000_000; i++) deep = [deep];
  expect(isDeeperThan(2_000_000, deep)).toBe(false);
  expect(isDeeperThan(500, deep)).toBe(true);
});
