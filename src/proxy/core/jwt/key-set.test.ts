import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { KeySet } from './key-set.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const rsaJwk = { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'r' };
const short = { ...generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' }), kid: 'short' };
const ecJwk = { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }), kid: 'e' };
const edJwk = { ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid: 'd' };
const octJwk = { kty: 'oct', k: 'c2VjcmV0', kid: 'o' };
const text = (...keys: readonly unknown[]): string => JSON.stringify({ keys });

function kids(set: string): string[] | string {
  const parsed = KeySet.parse(set);
  return parsed instanceof KeySet ? parsed.keys.map(({ kid }) => kid) : parsed.problem;
}

describe('keys that can verify', () => {
  it.each<[string, string, string[]]>([
    ['of each type', text(rsaJwk, ecJwk, edJwk, octJwk), ['r', 'e', 'd', 'o']],
    ['for signatures', text({ ...rsaJwk, use: 'sig', key_ops: ['verify'] }), ['r']],
    ['with other members', text({ ...rsaJwk, x5c: ['x'], x: { y: 1 } }), ['r']],
    ['without a name, or with one of another type', text({ ...rsaJwk, kid: undefined }, { ...rsaJwk, kid: 5 }), ['', '']],
    ['of a curve by its algorithm', text({ ...ecJwk, crv: undefined, alg: 'ES256' }), ['e']],
    ['alone, without a set', JSON.stringify(rsaJwk), ['r']],
    ['beside others', text(null, 'x', { kty: 'XX' }, {}, short, rsaJwk, { ...rsaJwk, kid: 'enc', use: 'enc' }), ['r']],
  ])('%s', (_, set, expected) => expect(kids(set)).toEqual(expected));

  it.each([
    ['a short RSA key', short],
    ['an RSA key without modulus', { kty: 'RSA', e: 'AQAB' }],
    ['an RSA key with another exponent', { ...rsaJwk, e: 'BQ' }],
    ['an RSA key with an even modulus', { ...rsaJwk, n: Buffer.from(Buffer.from(String(rsaJwk.n), 'base64url').with(255, 0)).toString('base64url') }],
    ['a key for encryption', { ...rsaJwk, use: 'enc' }],
    ['a key for other operations', { ...rsaJwk, key_ops: ['encrypt'] }],
    ['a key with an algorithm of another type', { ...rsaJwk, alg: 'ES256' }],
    ['a key with an algorithm of encryption', { ...rsaJwk, alg: 'RSA-OAEP' }],
    ['an EC key with the algorithm of another curve', { ...ecJwk, alg: 'ES384' }],
    ['an EC key that is no point of its curve', { ...ecJwk, x: ecJwk.y }],
    ['an EC key of another curve', { ...ecJwk, crv: 'secp256k1' }],
    ['an EC key of a curve that objects have', { ...ecJwk, crv: 'constructor' }],
    ['an Edwards key of the wrong length', { ...edJwk, x: 'AAAA' }],
    ['an Edwards key for agreement', { ...edJwk, crv: 'X25519' }],
    ['an empty secret', { kty: 'oct', k: '' }],
    ['a secret with the algorithm of RSA', { ...octJwk, alg: 'RS256' }],
  ])('%s is none', (_, key) => expect(kids(text(key))).toBe('has no key that can verify a signature'));

  it.each([
    ['nothing', ''],
    ['HTML', '<html></html>'],
    ['a list', '[]'],
    ['an object', '{}'],
    ['keys that are no list', '{"keys":{}}'],
    ['keys twice', `{"keys":[],"keys":[${JSON.stringify(rsaJwk)}]}`],
    ['an empty set', '{"keys":[]}'],
  ])('%s is no key set', (_, set) => expect(kids(set)).toMatch(/^(is|has) no /));

  it('of more than a hundred, the first hundred', () => {
    expect(kids(text(...Array.from({ length: 200 }, (_, i) => ({ ...octJwk, kid: String(i) }))))).toHaveLength(100);
  });
});

describe('a set for Envoy', () => {
  const ofSet = (set: string): string => {
    const parsed = KeySet.parse(set);
    return parsed instanceof KeySet ? parsed.text : parsed.problem;
  };

  it('is as it was published where all of it is used', () => {
    const set = `{ "keys": [ ${JSON.stringify({ ...rsaJwk, x5t: 'x' })} ] }`;
    expect(ofSet(set)).toBe(set);
  });

  it('has no private key', () => {
    expect(JSON.parse(ofSet(text({ ...rsa.privateKey.export({ format: 'jwk' }), kid: 'r', alg: 'RS256' })))).toEqual({ keys: [{ ...rsaJwk, alg: 'RS256' }] });
  });

  it('has only keys that are used', () => {
    expect(JSON.parse(ofSet(text(short, ecJwk)))).toEqual({ keys: [ecJwk] });
  });
});

it('certificates by name are keys', () => {
  const parsed = KeySet.parse(JSON.stringify({ old: certificate, other: 'x' }));
  expect(parsed instanceof KeySet ? parsed.keys : parsed).toMatchObject([
    { kid: 'old', jwk: { kty: 'RSA', n: new X509Certificate(certificate).publicKey.export({ format: 'jwk' }).n } },
  ]);
});

describe('a token asks for', () => {
  const set = KeySet.parse(text({ ...rsaJwk, alg: 'RS256' }, { ...ecJwk, kid: 'r' }, { ...octJwk, kid: undefined })) as KeySet;
  it.each([
    ['JWT-R9 its name and algorithm', 'r', 'RS256', ['RSA', 'EC', 'oct']],
    ['JWT-R9 its name, and another algorithm', 'r', 'ES256', ['EC', 'oct']],
    ['JWT-R9 another name', 'x', 'RS256', ['oct']],
    ['JWT-R9 no name', '', 'RS256', ['RSA', 'EC', 'oct']],
  ])('%s', (_, kid, alg, expected) => expect(set.candidates(kid, alg).map(({ jwk }) => jwk.kty)).toEqual(expected));

  it('and a key fits only algorithms of its type', () => {
    const algs = ['RS256', 'PS512', 'ES256', 'ES384', 'EdDSA', 'HS256'];
    const fitting = (KeySet.parse(text(rsaJwk, ecJwk, edJwk, octJwk)) as KeySet).keys.map((key) => algs.filter((alg) => key.fits(alg)));
    expect(fitting).toEqual([['RS256', 'PS512'], ['ES256'], ['EdDSA'], ['HS256']]);
  });
});

const certificate = `-----BEGIN CERTIFICATE-----
MIIDETCCAfmgAwIBAgIUAg7ExqnkrTYIO+P6akXB77+m+3AwDQYJKoZIhvcNAQEL
BQAwFzEVMBMGA1UEAwwMa2V5cy5leGFtcGxlMCAXDTI2MTEyMzA2NTI0MFoYDzIx
MjYxMDMwMDY1MjQwWjAXMRUwEwYDVQQDDAxrZXlzLmV4YW1wbGUwggEiMA0GCSqG
SIb3DQEBAQUAA4IBDwAwggEKAoIBAQDKdyJniFUo2piuoJdtukJFrj2JLg5tYbse
yfRlkSSt0tOipkc8UJGVYWoO7rIBZpFJYo8ltLNV8yrRXg7+nHobFh+MZIJUaVsx
zdHgEQNY+wE11kROJGA8vV+2Ia0gyUl2Ne65Wi0LGkzi5rPKxiEyuJcesFI1lTOm
854IMxPnhHTS9cxqrEV4MGiWLZ5WOzPwbJjLC794NZRKvQpEoDc/9XgBDSEYCRMd
P5PBQw/5UFnnzDTL0ST+7o5Js5qpLowhwMo2xt5bG8IsxR3Ymocm+AbombVKojr+
2jIfftLHxQdsYupzru1p7LlcDnCdvUf2wbpQQDuJqvYsn4mDoGMRAgMBAAGjUzBR
MB0GA1UdDgQWBBQq0DH6V181yah8DnHO3fJ7jw2tejAfBgNVHSMEGDAWgBQq0DH6
V181yah8DnHO3fJ7jw2tejAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUA
A4IBAQAxYhq5cMFgGngZwLvRFOmqyxsko+efCthWIL7f/K4rp0dpABahfnZe9h2r
rHdeQeBPGRA9XyB2U8iwTt9cBLL1UhcKKq3PQXMQMKonjUpfKjBEy9PxLNFulYWh
kfhP+xAKca2P3Z0713qY9wisN3qkqW38Iq0wB12mGbbCk22N2ggSvdnb4p9XpUbx
gZHR+6dgYFkJDDujJ11UsW6Q5Jrd3CxPBA9gw9sKpeYIgln4v5FsQCWje2jdAHms
vfLFfM36mgSWC9A1WlqmiYrfLuofjy8cdU/RSIKAs+djgpfJQ0mdr/LvquahY0Bc
AhMk08o5mFvtrLSNWvTK1kiKHf3N
-----END CERTIFICATE-----
`;
