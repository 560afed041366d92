import { expect, it } from 'vitest';
import { parsePrincipal } from './principal.ts';

const mesh = { trustDomain: 'shop.example', trustDomainAliases: ['old.example'] };
const cart = { namespace: 'shop', account: 'cart', prefix: false };

it.each([
  ['shop.example/ns/shop/sa/cart', cart],
  ['old.example/ns/shop/sa/cart', cart],
  ['cluster.local/ns/shop/sa/cart', cart],
  ['other.example/ns/shop/sa/cart', undefined],
  ['*/ns/shop/sa/cart', cart],
  ['*ns/shop/sa/cart', cart],
  ['*.example/ns/shop/sa/cart', cart],
  ['*/sa/cart', undefined],
  ['*cart', undefined],
  ['*', undefined],
  ['*/ns/shop/sa/*', undefined],
  ['cluster.local/ns/shop/sa/*', { namespace: 'shop', account: '', prefix: true }],
  ['cluster.local/ns/shop/sa/ca*', { namespace: 'shop', account: 'ca', prefix: true }],
  ['cluster.local/ns/shop/*', { namespace: 'shop', account: '', prefix: true }],
  ['cluster.local/ns/sh*', undefined],
  ['cluster.local/*', undefined],
  ['cluster.local/ns/shop/sa/', undefined],
  ['cluster.local/ns/shop/', undefined],
  ['cluster.local/vm/cart', undefined],
  ['cart', undefined],
  ['', undefined],
])('%s', (value, expected) => {
  expect(parsePrincipal(value, mesh)).toEqual(expected);
});
