import { expect, test } from 'vitest';
import { parseDuration } from './duration.ts';

test.each([
  ['1h30m', 5400e9],
  ['1.5s', 1.5e9],
  ['.5ms', 5e5],
  ['1.s', 1e9],
  ['-2ms', -2e6],
  ['+2ms', 2e6],
  ['0', 0],
  ['1s500ms', 1.5e9],
  ['0.0000000015s', 1],
  ['2562047h', 2562047 * 3600e9],
  ['2562048h', undefined],
  ['-9223372037s', undefined],
  ['10', undefined],
  ['s', undefined],
  ['1d', undefined],
  ['', undefined],
])('%s is %s ns', (text, expected) => {
  expect(parseDuration(text)).toBe(expected);
});

test('fractions of seconds are whole nanoseconds', () => {
  for (let ms = 1; ms < 3000; ms++) expect(parseDuration(`${ms / 1000}s`)).toBe(ms * 1e6);
});
