import { expect, test } from 'vitest';
import { canonicalText } from './canonical.ts';

const message = 'istio.networking.v1alpha3.HTTPMatchRequest';

test.each([
  ['the order of fields', { port: 1, gateways: ['a'] }, { gateways: ['a'], port: 1 }],
  ['the order of keys of a map', { sourceLabels: { a: '1', b: '2' } }, { sourceLabels: { b: '2', a: '1' } }],
  ['defaults', { port: 0, ignoreUriCase: false, statPrefix: '', gateways: [], headers: {} }, {}],
  ['fields that the message does not have', { uriPrefix: '/a', uri: { exact: '/', suffix: 'x' } }, { uri: { exact: '/' } }],
  ['null items of maps', { headers: { a: null } }, { headers: { a: {} } }],
])('%s does not count', (_, a, b) => {
  expect(canonicalText(message, a)).toBe(canonicalText(message, b));
});

test.each([
  ['the order of a list', { gateways: ['a', 'b'] }, { gateways: ['b', 'a'] }],
  ['an empty message', { uri: {} }, {}],
  ['the field of a oneof that is set', { uri: { exact: '' } }, { uri: {} }],
  ['a value of a map', { sourceLabels: { a: '' } }, { sourceLabels: {} }],
  ['the kind of a match', { uri: { exact: '/a' } }, { uri: { prefix: '/a' } }],
])('%s counts', (_, a, b) => {
  expect(canonicalText(message, a)).not.toBe(canonicalText(message, b));
});
