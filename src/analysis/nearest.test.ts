import { expect, it } from 'vitest';
import { NearestIndex } from './nearest.ts';

const index = new NearestIndex(['reviews', 'ratings', 'productpage', 'payment-v1', 'payment-v2', 'v1', 'Cart']);

it.each([
  ['review', 'reviews'],
  ['reviewss', 'reviews'],
  ['revews', 'reviews'],
  ['reveiws', 'reviews'],
  ['raitngs', 'ratings'],
  ['product-page', 'productpage'],
  ['cart', 'Cart'],
  ['payment-v3', undefined],
  ['payment-v1', undefined],
  ['reviews-bogus', undefined],
  ['v2', undefined],
  ['abc', undefined],
])('%s: %s', (word, name) => expect(index.find(word)).toBe(name));
