// Tokens, good ones and such as nobody should make.
import type { KeyObject } from 'node:crypto';
import { keys, secret, signature } from './keys.ts';

/** Far away, for tokens that are not about time. */
export const never = 4_102_444_800;
export const issuer = 'https://issuer.example.com';

export const base64url = (text: string | Buffer): string => Buffer.from(text).toString('base64url');

/** Signed over header and payload as they are given: texts stay as they are, also where they are no JSON. */
export function token(payload: object | string, header: object | string = { alg: 'RS256', kid: 'rsa' }, key: KeyObject | Buffer = keyFor(header)): string {
  const signed = `${part(header)}.${part(payload)}`;
  return `${signed}.${base64url(signature(algOf(header), signed, key))}`;
}

/** A good token of the issuer, with these claims, too. */
export function good(claims: object = {}, header?: object | string, key?: KeyObject | Buffer): string {
  return token({ iss: issuer, sub: 'alice', exp: never, ...claims }, header, key);
}

function part(value: object | string): string {
  return base64url(typeof value === 'string' ? value : JSON.stringify(value));
}

function algOf(header: object | string): string {
  return typeof header === 'object' && 'alg' in header && typeof header.alg === 'string' && /^([RPE]S|HS)\d|^EdDSA$/.test(header.alg) ? header.alg : 'RS256';
}

const curves: Readonly<Record<string, KeyObject>> = {
  ES256: keys.p256.privateKey,
  ES384: keys.p384.privateKey,
  ES512: keys.p521.privateKey,
  EdDSA: keys.ed25519.privateKey,
};

function keyFor(header: object | string): KeyObject | Buffer {
  const alg = algOf(header);
  return alg.startsWith('HS') ? secret : (curves[alg] ?? keys.rsa.privateKey);
}
