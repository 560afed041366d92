import { expect, it } from 'vitest';
import { sameQuantity } from './quantity.ts';

it.each([
  ['1000m', '1', true],
  ['0.5', '500m', true],
  [1, '1', true],
  ['1024Mi', '1Gi', true],
  ['1e3', '1k', true],
  ['1E', '1000P', true],
  ['.5', '500m', true],
  ['2.50', '2500m', true],
  ['100n', '0.1u', true],
  ['-1', '-1000m', true],
  ['1G', '1Gi', false],
  ['500m', '501m', false],
  ['9223372036854775807', '9223372036854775806', false],
  ['', '0', false],
  ['.', '0', false],
  ['1 Gi', '1Gi', false],
  ['fast', 'fast', false],
  [true, '1', false],
])('%s and %s: %s', (a, b, same) => {
  expect(sameQuantity(a, b)).toBe(same);
  expect(sameQuantity(b, a)).toBe(same);
});
