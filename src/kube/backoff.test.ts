import { expect, test } from 'vitest';
import { Backoff, Pause } from './backoff.ts';

test.each<[string, number, number[]]>([
  ['no chance', 0, [100, 200, 400, 800, 1000, 1000]],
  ['shortened by a half', 1, [50, 100, 200, 400, 500, 500]],
])('waits double up to the longest: %s', (_, random, expected) => {
  const backoff = new Backoff({ firstMs: 100, longestMs: 1000 }, () => random);
  expect(expected.map(() => backoff.next())).toEqual(expected);
  backoff.reset();
  expect(backoff.next()).toBe(expected[0]);
});

test('a wait is as long as the server asks for', () => {
  const backoff = new Backoff({ firstMs: 100, longestMs: 1000 }, () => 0);
  expect([backoff.next(5000), backoff.next(150)]).toEqual([5000, 200]);
});

test('after a thousand failures a wait is the longest', () => {
  const backoff = new Backoff({ firstMs: 1, longestMs: 70 }, () => 0);
  for (let i = 0; i < 1000; i++) backoff.next();
  expect(backoff.next()).toBe(70);
});

test('a pause ends when it is closed, and none is made after that', async () => {
  const pause = new Pause();
  const long = pause.wait(60_000);
  pause.close();
  await long;
  await pause.wait(60_000);
});
