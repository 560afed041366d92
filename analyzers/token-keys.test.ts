import { expect, it } from 'vitest';
import { findingsOf } from '../src/analysis/testing.ts';
import analyzer from './token-keys.ts';

const run = (rule: string) =>
  findingsOf(
    analyzer,
    `apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: users, namespace: shop}
spec:
  jwtRules:
    - null
    - ${rule}
`,
    { preset: 'recommended' },
  );

it.each([
  ['{issuer: "https://a.example"}'],
  ['{issuer: "http://a.example"}'],
  ['{issuer: a, jwksUri: "https://a.example/keys"}'],
  [`{issuer: a, jwks: '{"keys": [{"kty": "oct", "k": "AA"}]}'}`],
  ['{issuer: a, jwks: not json}'],
  ['{issuer: ""}'],
  ['{}'],
])('%s has keys, or is refused by another rule', (rule) => expect(run(rule)).toEqual([]));

it.each([
  ['{issuer: a@example.com}', 'issuer', /neither jwks nor jwksUri, and its issuer "a@example.com" is no URL/],
  ['{issuer: a.example.com}', 'issuer', /is no URL/],
  [`{issuer: a, jwks: '{"keys": []}'}`, 'jwks', /has jwks without a key/],
  [`{issuer: "https://a.example", jwks: '{}'}`, 'jwks', /no token of "https:\/\/a\.example" can be verified/],
])('%s has none', (rule, field, text) => {
  const [said, ...more] = run(rule);
  expect(more).toEqual([]);
  expect(said).toMatchObject({ code: 'WFT1032', level: 'Warning', path: ['spec', 'jwtRules', 1, field], effect: 'requests with such a token get 401' });
  expect(said?.text).toMatch(text);
});
