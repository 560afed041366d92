import { expect, it } from 'vitest';
import { dropNulls } from './nulls.ts';

it.each([
  ['a field', { a: null, b: 1 }, { b: 1 }],
  ['fields below', { a: { b: null, c: { d: null } } }, { a: { c: {} } }],
  ['fields in items, not items', { a: [null, { b: null }, [null, { c: null }]] }, { a: [null, {}, [null, {}]] }],
  ['nothing else', { a: '', b: 0, c: false, d: [], e: {} }, { a: '', b: 0, c: false, d: [], e: {} }],
  ['nothing of what is no map', null, null],
])('drops %s', (_, value, expected) => {
  dropNulls(value);
  expect(value).toEqual(expected);
});
