import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claimFailure, failures } from './failure.ts';
import { parseToken, timeFailure } from './parse-token.ts';
import { isFailure } from './requirement.ts';

const encoded = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const signature = encoded('signature');
const token = (header: unknown, payload: unknown): string => `${encoded(header)}.${encoded(payload)}.${signature}`;
const ofClaims = (claims: object): string => token({ alg: 'RS256' }, claims);

it('a token is its parts', () => {
  const claims = { iss: 'issuer', sub: 'alice', aud: ['a', 'b'], nbf: 1.9, exp: 20, jti: 'x', iat: 3 };
  const header = { alg: 'ES256', kid: 'k' };
  expect(parseToken(token(header, claims))).toEqual({
    header: encoded(header),
    payload: encoded(claims),
    signature: Buffer.from('signature'),
    alg: 'ES256',
    kid: 'k',
    critical: false,
    claims,
    issuer: 'issuer',
    audiences: ['a', 'b'],
    notBefore: 1,
    expiresAt: 20,
  });
});

it('what a token does not say is empty', () => {
  expect(parseToken(token({ alg: 'HS512' }, {}))).toMatchObject({ kid: '', issuer: '', audiences: [], notBefore: undefined, expiresAt: undefined });
});

describe('a token is refused for', () => {
  const header = encoded({ alg: 'RS256' });
  const payload = encoded({});
  it.each([
    ['JWT-R7 no dots', 'abc', failures.form],
    ['JWT-R7 an empty part', `${header}..${signature}`, failures.form],
    ['JWT-R7 no signature: alg none', `${encoded({ alg: 'none' })}.${payload}.`, failures.form],
    ['JWT-R7 five parts: an encrypted token', `${header}.a.b.c.d`, failures.form],
    ['JWT-R7 nothing', '', failures.form],
    ['JWT-R8 a header with another character', `a+b=.${payload}.${signature}`, failures.headerBase64],
    ['JWT-R8 a header with white space', `${header} .${payload}.${signature}`, failures.headerBase64],
    ['a header that is no JSON', token('x', {}), failures.headerJson],
    ['a header that is null', token('null', {}), failures.headerJson],
    ['a header with alg twice', token('{"alg":"RS256","alg":"none"}', {}), failures.headerJson],
    ['no alg', token({}, {}), failures.headerAlg],
    ['alg none with a signature', token({ alg: 'none' }, {}), failures.unsupportedAlg],
    ['alg in another case', token({ alg: 'NONE' }, {}), failures.unsupportedAlg],
    ['alg of key management', token({ alg: 'RSA-OAEP' }, {}), failures.unsupportedAlg],
    ['alg that objects have', token({ alg: 'constructor' }, {}), failures.unsupportedAlg],
    ['kid that is no text', token({ alg: 'RS256', kid: {} }, {}), failures.headerKid],
    ['a payload with another character', `${header}.a*b.${signature}`, failures.payloadBase64],
    [
      'a payload that is no UTF-8',
      `${header}.${Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString('base64url')}.${signature}`,
      failures.payloadJson,
    ],
    ['a payload with a byte order mark', token({ alg: 'RS256' }, '\ufeff{}'), failures.payloadJson],
    ['a payload that is no object', token({ alg: 'RS256' }, '"x"'), failures.payloadJson],
    ['a payload with iss twice', token({ alg: 'RS256' }, '{"iss":"a","iss":"b"}'), failures.payloadJson],
    ['a signature with another character', `${header}.${payload}.a*`, failures.signatureBase64],
    ['a signature of one character', `${header}.${payload}.a`, failures.signatureBase64],
    ['iss that is no text', ofClaims({ iss: 1 }), claimFailure('iss', 'not a string')],
    ['sub that is no text', ofClaims({ sub: null }), claimFailure('sub', 'not a string')],
    ['jti that is no text', ofClaims({ jti: [] }), claimFailure('jti', 'not a string')],
    ['exp as text', ofClaims({ exp: '4102444800' }), claimFailure('exp', 'not an integer')],
    ['nbf that is true', ofClaims({ nbf: true }), claimFailure('nbf', 'not an integer')],
    ['iat below zero', ofClaims({ iat: -1 }), claimFailure('iat', 'not a positive 64 bit integer')],
    ['exp of 2 to the 64th', ofClaims({ exp: 2 ** 64 }), claimFailure('exp', 'not a positive 64 bit integer')],
    ['aud that is a number', ofClaims({ aud: 1 }), failures.audienceType],
    ['aud with a number', ofClaims({ aud: ['a', 1] }), failures.audienceType],
  ])('%s', (_, text, failure) => expect(parseToken(text)).toBe(failure));
});

describe('SEC-R43: clocks may differ by a minute', () => {
  it.each([
    ['no times', {}, undefined],
    ['expired a minute ago', { exp: 940 }, undefined],
    ['JWT-R2 expired longer ago', { exp: 939 }, failures.expired],
    ['JWT-R2 expired when time began', { exp: 0 }, failures.expired],
    ['valid in a minute', { nbf: 1060 }, undefined],
    ['JWT-R3 valid later', { nbf: 1061 }, failures.notYetValid],
    ['JWT-R3 expired before it is valid', { nbf: 1061, exp: 1 }, failures.notYetValid],
  ])('%s', (_, claims, expected) => {
    const parsed = parseToken(ofClaims(claims));
    if (isFailure(parsed)) throw new Error(parsed.text);
    expect(timeFailure(parsed, 1000)).toBe(expected);
  });
});

it('whatever comes, there is an answer', () => {
  const part = fc.oneof(fc.string(), fc.base64String(), fc.jsonValue().map(encoded), fc.constantFrom('', encoded({ alg: 'RS256' }), encoded({ iss: 'a' })));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
      const result = parseToken(parts.join('.'));
      expect(isFailure(result) ? result.text : result.alg).not.toBe('');
    }),
    { numRuns: 1000 },
  );
});
