// Rules for tokens, by a name.
import type { JwtProvider, RequestAuthentication } from '../../src/ir/authentication.ts';
import { keySet, keys, secretJwk } from './keys.ts';
import { issuer } from './token.ts';

export const secondIssuer = 'https://second.example.com';

export const rsaJwk = { ...keys.rsa.jwk, kid: 'rsa', alg: 'RS256', use: 'sig' };

/** One key of each algorithm's kind, with its name. */
export const namedKeys = keySet(
  rsaJwk,
  { ...keys.p256.jwk, kid: 'p256', alg: 'ES256' },
  { ...keys.p384.jwk, kid: 'p384', alg: 'ES384' },
  { ...keys.p521.jwk, kid: 'p521', alg: 'ES512' },
  { ...keys.ed25519.jwk, kid: 'ed', alg: 'EdDSA' },
  { ...secretJwk, kid: 'hs', alg: 'HS256' },
);

export type ProviderParts = Partial<Omit<JwtProvider, 'keys'>> & { jwks?: string };

export function provider({ jwks = namedKeys, ...more }: ProviderParts = {}): JwtProvider {
  return {
    name: 'origins-0',
    issuer,
    audiences: [],
    keys: { kind: 'inline', jwks },
    headers: [],
    params: [],
    cookies: [],
    forward: false,
    claimHeaders: [],
    spaceDelimitedClaims: ['permission', 'scope'],
    origin: { kind: 'RequestAuthentication', namespace: 'shop', name: 'jwt', path: ['spec', 'jwtRules', 0] },
    ...more,
  };
}

export function rules(...parts: readonly ProviderParts[]): RequestAuthentication {
  return { providers: parts.map((part, i) => provider({ name: `origins-${i}`, ...part })), routesByClaims: false };
}

const header = (name: string, prefix = ''): JwtProvider['headers'][number] => ({ name, prefix });
const claims = (...pairs: readonly (readonly [header: string, claim: string])[]) => pairs.map(([name, claim]) => ({ header: name, claim }));

/** With one set of keys for a token of the issuer. */
const withKeys = (...list: readonly Record<string, unknown>[]): RequestAuthentication => rules({ jwks: keySet(...list) });

export const configurations = {
  default: rules({}),
  'any issuer': rules({ issuer: '' }),
  audiences: rules({ audiences: ['https://a.example.com/', 'b', 'http://c'] }),
  places: rules({
    headers: [header('x-token', 'Token '), header('x-raw'), header('x-token', 'Alt ')],
    params: ['t', 'access'],
    cookies: ['tok', 'alt'],
  }),
  forwarded: rules({ forward: true, headers: [header('x-raw')], params: ['t'], payloadHeader: 'x-payload' }),
  outputs: rules({
    payloadHeader: 'X-Payload',
    claimHeaders: claims(
      ...['sub', 'n', 'f', 'neg', 'big', 'yes', 'no', 'list', 'object', 'nil', 'empty', 'org.team', 'dot.ted', 'x..y', 'text', 'org.list.0'].map(
        (claim) => [`X-C-${claim.replaceAll('.', '-')}`, claim] as const,
      ),
    ),
  }),
  'two claims in one header': rules({ claimHeaders: claims(['x-two', 'sub'], ['x-two', 'iss']) }),
  'two headers, payload': rules({ headers: [header('x-a'), header('x-b')], payloadHeader: 'x-p', claimHeaders: claims(['x-s', 'sub']) }),
  'output over the token': rules({ payloadHeader: 'authorization' }),
  'own lists': rules({ spaceDelimitedClaims: ['groups', 'permission', 'scope'] }),
  'two, one place': rules({ payloadHeader: 'x-p1', claimHeaders: claims(['x-s', 'sub']) }, { issuer: secondIssuer, payloadHeader: 'x-p2' }),
  'two, two places': rules({}, { issuer: secondIssuer, headers: [header('x-second')] }),
  'one issuer, two audiences': rules({ audiences: ['a'] }, { audiences: ['b'] }),
  'one issuer, two places': rules({ audiences: ['a'], headers: [header('x-a')] }, { audiences: ['b'] }),
  'three places': rules(
    { issuer: 'a', headers: [header('x-a')], audiences: ['z'] },
    { issuer: 'b', headers: [header('x-b')] },
    { issuer: 'c', headers: [header('x-c')] },
  ),
  'second of any issuer': rules({}, { issuer: '' }),
  'keys without names': withKeys(keys.rsa.jwk, keys.p256.jwk, keys.p384.jwk, keys.p521.jwk),
  'edwards key': withKeys(keys.ed25519.jwk),
  'shared secret': withKeys(secretJwk),
  'only RS256': withKeys(rsaJwk),
  'RSA for PS256': withKeys({ ...keys.rsa.jwk, alg: 'PS256' }),
  'RSA without alg': withKeys({ ...keys.rsa.jwk, kid: 'rsa' }),
  'names of wrong types': withKeys({ ...keys.rsa.jwk, kid: 5, alg: 5 }),
  'one name twice': withKeys({ ...keys.otherRsa.jwk, kid: 'rsa' }, { ...keys.rsa.jwk, kid: 'rsa' }),
  'name of another key': withKeys({ ...keys.otherRsa.jwk, kid: 'rsa' }, { ...keys.rsa.jwk, kid: 'x' }),
  'broken keys before': withKeys({ kty: 'XX' }, { kty: 'RSA', kid: 'rsa' }, { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA' }, rsaJwk),
  'broken keys behind': withKeys(rsaJwk, { kty: 'OKP', crv: 'X25519', x: keys.ed25519.jwk.x }, { ...keys.p256.jwk, alg: 'ES384' }),
  'key with more in it': withKeys({ ...rsaJwk, x5c: ['x'], more: { a: 1 } }),
  'private key': withKeys({ ...keys.rsa.privateKey.export({ format: 'jwk' }), kid: 'rsa' }),
  'curve not told': withKeys({ ...keys.p256.jwk, crv: undefined }),
  'key for encryption': withKeys({ ...keys.rsa.jwk, kid: 'rsa', use: 'enc' }, { ...keys.p256.jwk, kid: 'p256' }),
  'key for other operations': withKeys({ ...keys.rsa.jwk, kid: 'rsa', key_ops: ['encrypt'] }, { ...keys.p256.jwk, kid: 'p256' }),
  'short key': withKeys({ ...keys.shortRsa.jwk, kid: 'short' }, rsaJwk),
  'secret and Edwards key': withKeys(keys.ed25519.jwk, secretJwk),
} satisfies Record<string, RequestAuthentication>;

export type ConfigurationName = keyof typeof configurations;
