import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStrictObject } from './strict-json.ts';

describe('an object is read', () => {
  it.each<[string, string, unknown]>([
    ['with all types', '{"a":[1,-2.5e3,true,null,"x",{}],"b":{"c":[]}}', { a: [1, -2500, true, null, 'x', {}], b: { c: [] } }],
    ['with white space', ' \n{ "a" :\t1 }\r', { a: 1 }],
    ['with one name in two objects', '{"a":{"x":1},"b":{"x":2},"x":[{"x":3},{"x":4}]}', { a: { x: 1 }, b: { x: 2 }, x: [{ x: 3 }, { x: 4 }] }],
    ['with a text that is a name, too', '{"a":"a","b":["a","a"]}', { a: 'a', b: ['a', 'a'] }],
    ['with names of parents', '{"toString":1,"constructor":2}', { toString: 1, constructor: 2 }],
    ['with quotes and brackets in texts', '{"a":"\\"}{[","b":"\\\\"}', { a: '"}{[', b: '\\' }],
    ['with a whole surrogate pair', '{"a":"\\ud83d\\ude00"}', { a: '😀' }],
    ['with 100 levels', `${'{"a":'.repeat(99)}{}${'}'.repeat(99)}`, expect.anything()],
  ])('%s', (_, text, expected) => expect(parseStrictObject(text)).toEqual(expected));

  it('also with a name that JavaScript has a meaning for', () => {
    expect(Object.keys(parseStrictObject('{"__proto__":{"admin":true}}') ?? {})).toEqual(['__proto__']);
  });
});

describe('what can be read in two ways, or in none, is no object', () => {
  it.each([
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['a text', '"{}"'],
    ['something behind', '{} {}'],
    ['a name twice', '{"a":1,"a":1}'],
    ['a name twice, once with escapes', '{"a":1,"\\u0061":1}'],
    ['a name twice in an object', '{"x":[{"a":1,"b":{},"a":2}]}'],
    ['a parent of JavaScript twice', '{"__proto__":1,"__proto__":2}'],
    ['half a surrogate pair', '{"a":"\\ud83d"}'],
    ['half a surrogate pair in a name', '{"\\ude00":1}'],
    ['a number that is too great', '{"a":1e400}'],
    ['a number that is too great, without exponent', `{"a":${'9'.repeat(400)}}`],
    ['a number that is too small', '{"a":-1e400}'],
    ['a comma too much', '{"a":1,}'],
    ['a name without quotes', '{a:1}'],
    ['a control character', '{"a":"\u0001"}'],
    ['101 levels', `${'{"a":'.repeat(100)}{}${'}'.repeat(100)}`],
    ['a million levels', '{"a":'.repeat(1_000_000)],
    ['a million lists', `{"a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`],
  ])('%s', (_, text) => expect(parseStrictObject(text)).toBeUndefined());
});

it('every object is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' })), fc.nat({ max: 3 }), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      expect(parseStrictObject(text)).toEqual(JSON.parse(text));
    }),
    { numRuns: 500 },
  );
});
