import { expect, it } from 'vitest';
import type { LabelSelector } from './kubernetes.ts';
import { matchesSelector } from './selectors.ts';

const labels = { app: 'cart', version: 'v1' };
const expressions = (...list: unknown[]): LabelSelector => ({ matchExpressions: list }) as LabelSelector;

it.each([
  [undefined, true],
  [null, true],
  [{}, true],
  [{ matchLabels: { app: 'cart' } }, true],
  [{ matchLabels: { app: 'pay' } }, false],
  [expressions({ key: 'app', operator: 'In', values: ['pay', 'cart'] }), true],
  [expressions({ key: 'app', operator: 'In', values: [] }), false],
  [expressions({ key: 'tier', operator: 'NotIn', values: ['x'] }), true],
  [expressions({ key: 'app', operator: 'NotIn', values: ['cart'] }), false],
  [expressions({ key: 'tier', operator: 'NotIn' }), false],
  [expressions({ key: 'app', operator: 'Exists' }), true],
  [expressions({ key: 'app', operator: 'Exists', values: ['cart'] }), false],
  [expressions({ key: 'tier', operator: 'DoesNotExist' }), true],
  [expressions({ key: 'app', operator: 'DoesNotExist' }), false],
  [expressions({ key: 'app', operator: 'Equals', values: ['cart'] }), false],
  [expressions({ key: 'app', operator: 'Exists' }, null), false],
] as [LabelSelector | null | undefined, boolean][])('%j matches the labels: %s', (selector, expected) => {
  expect(matchesSelector(selector, labels)).toBe(expected);
});
