import { expect, it } from 'vitest';
import { parseWorkloadName } from './workload-names.ts';

it.each([
  ['cart', { kind: undefined, name: 'cart', namespace: undefined }],
  ['cart.shop', { kind: undefined, name: 'cart', namespace: 'shop' }],
  ['deploy/cart.shop', { kind: 'Deployment', name: 'cart', namespace: 'shop' }],
  ['Deployment/cart', { kind: 'Deployment', name: 'cart', namespace: undefined }],
  ['pod/cart-1.2.shop', { kind: 'Pod', name: 'cart-1.2', namespace: 'shop' }],
  ['shop/cart.v1', { kind: undefined, name: 'cart.v1', namespace: 'shop' }],
  ['constructor/cart', { kind: undefined, name: 'cart', namespace: 'constructor' }],
  ['', undefined],
  ['.shop', undefined],
  ['cart.', undefined],
  ['/cart', undefined],
  ['deploy/', undefined],
  ['a/b/c', undefined],
])('%s', (text, expected) => expect(parseWorkloadName(text)).toEqual(expected));
