import { describe, expect, it } from 'vitest';
import { validateRequestAuthentication } from './request-authentication.ts';
import { placeOf, problemsOf } from './testing.ts';

const problems = (rule: string) => problemsOf(validateRequestAuthentication, 'RequestAuthentication', `jwtRules: [${rule}]`);
const rsa = '{"kty": "RSA", "e": "AQAB", "n": "u1W_-x="}';

describe('validateRequestAuthentication', () => {
  it.each([
    '{issuer: a, audiences: [b], fromHeaders: [{name: x, prefix: "Bearer "}], fromParams: [t], fromCookies: [c], timeout: 5s}',
    '{jwksUri: "https://shop.example:443/jwks"}',
    '{issuer: a, outputClaimToHeaders: [{header: x-sub_1, claim: sub}]}',
    `{issuer: a, jwks: '${rsa}'}`,
    `{issuer: a, jwks: '{"keys": [${rsa}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}'}`,
    '{issuer: a, jwks: \'{"keys": []}\'}',
  ])('takes %s', (rule) => {
    expect(problems(rule)).toEqual([]);
  });

  it.each([
    ['null', ''],
    ['{audiences: [b]}', ''],
    ['{issuer: a, audiences: [b, ""]}', '.audiences[1]'],
    ['{jwksUri: "ftp://a"}', '.jwksUri'],
    ['{jwksUri: shop.example/jwks}', '.jwksUri'],
    ['{jwksUri: "://nope"}', '.jwksUri'],
    ['{jwksUri: "http://a:99999999999999999999"}', '.jwksUri'],
    ['{issuer: a, fromHeaders: [{prefix: a}]}', '.fromHeaders[0]'],
    ['{issuer: a, fromHeaders: [null]}', '.fromHeaders[0]'],
    ['{issuer: a, fromParams: [""]}', '.fromParams[0]'],
    ['{issuer: a, fromCookies: [""]}', '.fromCookies[0]'],
    ['{issuer: a, outputClaimToHeaders: [{claim: sub}]}', '.outputClaimToHeaders[0]'],
    ['{issuer: a, outputClaimToHeaders: [{header: x-a, claim: ""}]}', '.outputClaimToHeaders[0]'],
    ['{issuer: a, outputClaimToHeaders: [{header: ":authority", claim: sub}]}', '.outputClaimToHeaders[0].header'],
    ['{issuer: a, timeout: 0s}', '.timeout'],
    ['{issuer: a, jwks: "{nope"}', '.jwks'],
    ['{issuer: a, jwks: "[]"}', '.jwks'],
    ['{issuer: a, jwks: \'{"kty": "DSA"}\'}', '.jwks'],
    ['{issuer: a, jwks: \'{"keys": {}}\'}', '.jwks'],
    ['{issuer: a, jwks: \'{"keys": [{"kty": "RSA", "e": "AQAB"}]}\'}', '.jwks'],
    ['{issuer: a, jwks: \'{"keys": [{"kty": "oct", "k": "!"}]}\'}', '.jwks'],
    ['{issuer: a, jwks: \'{"kty": "OKP", "crv": "Ed25519", "d": "AA"}\'}', '.jwks'],
  ])('refuses %s', (rule, path) => {
    expect(problems(rule).map(placeOf)).toEqual([`IST0106 spec.jwtRules[0]${path}`]);
  });

  it('says which key is wrong', () => {
    expect(problems(`{issuer: a, jwks: '{"keys": [${rsa}, {"kty": "EC", "crv": "P-256", "x": "AA"}]}'}`)[0]?.text).toContain(
      'key 1 of "keys": required field y of the EC key is missing (*jwk.ecdsaPublicKey)',
    );
  });
});
