// Signatures, and what is done so that others are taken for them.
import { describe, expect, it } from 'vitest';
import { keySet, keys, secret, secretJwk, signature } from '../../../test/jwt/keys.ts';
import { base64url, good, token } from '../../../test/jwt/token.ts';
import { failures, type TokenFailure } from '../core/jwt/failure.ts';
import { KeySet } from '../core/jwt/key-set.ts';
import { parseToken } from '../core/jwt/parse-token.ts';
import { isFailure } from '../core/jwt/requirement.ts';
import { verifySignature } from './verify-signature.ts';

const payload = { iss: 'issuer', sub: 'alice' };
const { rsa, otherRsa, p256, p384, p521, ed25519 } = keys;
const every = [rsa.jwk, p256.jwk, p384.jwk, p521.jwk, ed25519.jwk, secretJwk];

async function verify(text: string, ...list: readonly Record<string, unknown>[]): Promise<'valid' | TokenFailure> {
  const set = KeySet.parse(keySet(...list));
  if (!(set instanceof KeySet)) throw new Error(set.problem);
  const parsed = parseToken(text);
  return isFailure(parsed) ? parsed : verifySignature(set, parsed);
}

/** Signed as `as` says, whatever the header says. */
function signedAs(header: object, as: string, key: Parameters<typeof signature>[2]): string {
  const text = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(payload))}`;
  return `${text}.${base64url(signature(as, text, key))}`;
}

describe('an algorithm', () => {
  it.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'HS256', 'HS384', 'HS512'])('%s', async (alg) => {
    const text = token(payload, { alg });
    expect(await verify(text, ...every)).toBe('valid');
    const [header, , sign] = text.split('.');
    expect(await verify(`${header}.${base64url('{"sub":"root"}')}.${sign}`, ...every)).toBe(failures.verification);
  });
});

describe('a key is chosen', () => {
  const named = (kid: string): string => good({}, { alg: 'RS256', ...(kid === '' ? {} : { kid }) });
  it.each<[string, string, Record<string, unknown>[], 'valid' | TokenFailure]>([
    [
      'by its name',
      named('r'),
      [
        { ...otherRsa.jwk, kid: 'x' },
        { ...rsa.jwk, kid: 'r' },
      ],
      'valid',
    ],
    [
      'of several with one name',
      named('r'),
      [
        { ...otherRsa.jwk, kid: 'r' },
        { ...rsa.jwk, kid: 'r' },
      ],
      'valid',
    ],
    ['without a name of its own', named('r'), [rsa.jwk], 'valid'],
    [
      'where the token names none',
      named(''),
      [
        { ...otherRsa.jwk, kid: 'x' },
        { ...p256.jwk, kid: 'y' },
        { ...rsa.jwk, kid: 'r' },
      ],
      'valid',
    ],
    ['JWT-R9 but not by another name', named('r'), [{ ...rsa.jwk, kid: 'x' }], failures.noMatchingKey],
    ['JWT-R9 and not for another algorithm', named('r'), [{ ...rsa.jwk, kid: 'r', alg: 'RS512' }], failures.noMatchingKey],
    ['JWT-R6 and has to have signed', named('r'), [{ ...otherRsa.jwk, kid: 'r' }], failures.verification],
  ])('%s', async (_, text, list, expected) => expect(await verify(text, ...list)).toBe(expected));
});

describe('JWT-R6: confusion of algorithms', () => {
  const der = rsa.jwk;
  it.each<[string, string, Record<string, unknown>[], TokenFailure]>([
    ['HS256 with the modulus', signedAs({ alg: 'HS256' }, 'HS256', Buffer.from(String(der.n), 'base64url')), [rsa.jwk], failures.verification],
    ['HS256 with the key as JSON', signedAs({ alg: 'HS256' }, 'HS256', Buffer.from(JSON.stringify(rsa.jwk))), [rsa.jwk], failures.verification],
    ['HS256 with nothing', signedAs({ alg: 'HS256' }, 'HS256', Buffer.alloc(0)), every, failures.verification],
    [
      'HS256 with the key, which has an algorithm',
      signedAs({ alg: 'HS256' }, 'HS256', Buffer.from('x')),
      [{ ...rsa.jwk, alg: 'RS256' }],
      failures.noMatchingKey,
    ],
    ['RS256 with the secret', signedAs({ alg: 'RS256' }, 'HS256', secret), [secretJwk], failures.verification],
    ['RS256 by an EC key', signedAs({ alg: 'RS256' }, 'ES256', p256.privateKey), [p256.jwk], failures.verification],
    ['ES256 by a key of another curve', signedAs({ alg: 'ES256' }, 'ES256', p384.privateKey), [p384.jwk], failures.verification],
    ['ES384 by a key of another curve', signedAs({ alg: 'ES384' }, 'ES384', p256.privateKey), [p256.jwk], failures.verification],
    ['PS256 for a key of RS256', signedAs({ alg: 'PS256' }, 'PS256', rsa.privateKey), [{ ...rsa.jwk, alg: 'RS256' }], failures.noMatchingKey],
    ['RS256 by a key in its own header', signedAs({ alg: 'RS256', jwk: otherRsa.jwk }, 'RS256', otherRsa.privateKey), [rsa.jwk], failures.verification],
    ['none', `${base64url('{"alg":"none"}')}.${base64url(JSON.stringify(payload))}.AAAA`, every, failures.unsupportedAlg],
  ])('%s', async (_, text, list, expected) => expect(await verify(text, ...list)).toBe(expected));
});

describe('JWT-R6: extensions that are to be understood', () => {
  it.each([
    ['an unknown one', { alg: 'RS256', crit: ['x'], x: 1 }],
    ['none of them', { alg: 'RS256', crit: [] }],
    ['a payload that is not encoded', { alg: 'RS256', crit: ['b64'], b64: false }],
    ['a payload that is not encoded, without crit', { alg: 'RS256', b64: false }],
  ])('%s', async (_, header) => expect(await verify(signedAs(header, 'RS256', rsa.privateKey), rsa.jwk)).toBe(failures.verification));
});

describe('signatures of other forms', () => {
  const parts = (alg: string, change: (sign: Buffer) => Buffer): string => {
    const [header, body, sign] = token(payload, { alg }).split('.') as [string, string, string];
    return `${header}.${body}.${change(Buffer.from(sign, 'base64url')).toString('base64url')}`;
  };
  it.each([
    ['a zero less, RSA', parts('RS256', (sign) => sign.subarray(1)), failures.verification],
    ['a zero more, RSA', parts('RS256', (sign) => Buffer.concat([Buffer.of(0), sign])), failures.verification],
    ['zeros, EC', parts('ES256', () => Buffer.alloc(64)), failures.verification],
    [
      'as ASN.1, EC',
      parts('ES256', (sign) => Buffer.concat([Buffer.of(0x30, 0x44, 2, 32), sign.subarray(0, 32), Buffer.of(2, 32), sign.subarray(32)])),
      failures.verification,
    ],
    ['cut off, HMAC', parts('HS256', (sign) => sign.subarray(0, 16)), failures.verification],
    ['cut off, Edwards', parts('EdDSA', (sign) => sign.subarray(0, 63)), failures.ed25519Length],
  ])('%s', async (_, text, expected) => expect(await verify(text, ...every)).toBe(expected));
});
