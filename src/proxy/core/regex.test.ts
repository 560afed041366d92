import { expect, it } from 'vitest';
import { Regex } from './regex.ts';

it.each([
  ['(a+)+$', 'a'.repeat(20_000)],
  ['(a|aa)+', 'a'.repeat(20_000)],
  ['(.*)*x', 'a'.repeat(20_000)],
  ['([a-z]+)*[0-9]', 'a'.repeat(20_000)],
])('MAT-R30: %s takes no longer than the text is long', (expression, text) => {
  const regex = new Regex(expression);
  const start = performance.now();
  expect(regex.matches(`${text}!`)).toBe(false);
  expect(performance.now() - start).toBeLessThan(20_000);
});
