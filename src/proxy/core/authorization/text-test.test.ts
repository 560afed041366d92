import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Regex } from '../regex.ts';
import { valuesAfter } from './keys.ts';
import { compileText } from './text-test.ts';

const pieces = fc.constantFrom('spiffe://', 'x', '/', '/ns/', 'shop', '/sa/', 'sa/', 'cart', '/ns/shop/', 'sa/cart', 'sa/x', '\n', 'a.b', '.');
const text = fc
  .tuple(fc.constantFrom('', 'spiffe://x/ns/shop/', 'spiffe://x/ns/a.b/', 'spiffe:///ns/shop/'), fc.array(pieces, { maxLength: 6 }))
  .map(([begin, all]) => begin + all.join(''));

describe('expressions of policies without a regular expression', () => {
  it.each([
    'spiffe://.+/ns/shop/(.+/|)sa/cart(/.+)?',
    'spiffe://.+/ns/a\\.b/(.+/|)sa/x(/.+)?',
    '.*/ns/shop/.*',
    '.*/ns/a\\.b/.*',
    '.*cart',
    'spiffe://x.*',
    '.*',
    'spiffe://.*/sa/cart',
    '.+',
  ])('SEC-R24: %s takes what it takes as one', (expression) => {
    const exact = new Regex(expression);
    const test = compileText({ kind: 'regex', value: expression });
    let taken = 0;
    fc.assert(
      fc.property(text, (one) => {
        const expected = exact.matches(one);
        if (expected) taken++;
        return test?.holds(one) === expected;
      }),
      { numRuns: 5000 },
    );
    expect(taken).toBeGreaterThan(0);
  });

  it('one that is none is not known', () => expect(compileText({ kind: 'regex', value: '.*(' })).toBeUndefined());
});

it.each([
  ['spiffe://x/ns/shop/sa/cart', 'ns', ['shop']],
  ['spiffe://x/ns/shop/sa/cart', 'sa', ['cart']],
  ['/ns/a/ns/b/', 'ns', ['a', 'b']],
  ['/ns/', 'ns', ['']],
  ['ns/a', 'ns', []],
])('SEC-R24: of %s behind /%s/: %j', (identity, segment, expected) => expect(valuesAfter(identity, segment)).toEqual(expected));
