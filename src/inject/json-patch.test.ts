import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonPatch } from './json-patch.ts';
import { applyPatch } from './testing.ts';

it.each([
  ['nothing', { a: [1] }, { a: [1] }, []],
  ['a field', { a: 1 }, { a: 2 }, [{ op: 'replace', path: '/a', value: 2 }]],
  ['a new field', {}, { 'a/b~c': 1 }, [{ op: 'add', path: '/a~1b~0c', value: 1 }]],
  ['a field less', { a: 1, b: 2 }, { b: 2 }, [{ op: 'remove', path: '/a' }]],
  ['an item at the end', [{ name: 'a' }], [{ name: 'a' }, { name: 'b' }], [{ op: 'add', path: '/1', value: { name: 'b' } }]],
  ['an item before others', [{ name: 'a', x: 1 }], [{ name: 'b' }, { name: 'a', x: 1 }], [{ op: 'add', path: '/0', value: { name: 'b' } }]],
  ['an item that changes', [{ name: 'a', x: 1 }], [{ name: 'a', x: 2 }], [{ op: 'replace', path: '/0/x', value: 2 }]],
  ['a text more', ['a', 'b'], ['a', 'c', 'b'], [{ op: 'add', path: '/1', value: 'c' }]],
  ['a text in the place of a map', { a: {} }, { a: 'x' }, [{ op: 'replace', path: '/a', value: 'x' }]],
])('%s', (_, before, after, expected) => {
  expect(jsonPatch(before, after)).toEqual(expected);
});

const json = fc.jsonValue({ maxDepth: 4 });
const named = fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), value: json }), { maxLength: 5 });

it('makes the second of the first, whatever they are', () => {
  const same = (before: unknown, after: unknown): void => {
    expect(applyPatch(before, jsonPatch(before, after))).toEqual(after);
  };
  fc.assert(fc.property(json, json, (a, b) => same({ a }, { a: b })));
  fc.assert(fc.property(named, named, same));
});
