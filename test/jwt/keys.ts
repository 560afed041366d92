// Keys of made-up issuers, new ones in each run.
import { createHmac, constants as cryptoConstants, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

export interface TestKey {
  privateKey: KeyObject;
  /** Public, without `kid`, `alg`, `use`. */
  jwk: Record<string, unknown>;
}

function rsa(modulusLength: number): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
  return { privateKey, jwk: { ...publicKey.export({ format: 'jwk' }) } };
}

function ec(namedCurve: string): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  return { privateKey, jwk: { ...publicKey.export({ format: 'jwk' }) } };
}

function ed25519(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, jwk: { ...publicKey.export({ format: 'jwk' }) } };
}

export const keys = {
  rsa: rsa(2048),
  otherRsa: rsa(2048),
  shortRsa: rsa(1024),
  p256: ec('P-256'),
  p384: ec('P-384'),
  p521: ec('P-521'),
  ed25519: ed25519(),
};

/** Bytes of a shared secret, for HS256 and others. */
export const secret = randomBytes(64);
export const secretJwk = { kty: 'oct', k: secret.toString('base64url') };

/** Signature of a text as an algorithm of JWS wants it. */
export function signature(alg: string, text: string, key: KeyObject | Buffer): Buffer {
  const data = Buffer.from(text);
  const hash = `sha${alg.slice(2)}`;
  if (Buffer.isBuffer(key)) return createHmac(hash, key).update(data).digest();
  switch (alg.slice(0, 2)) {
    case 'RS':
      return sign(hash, data, key);
    case 'PS':
      return sign(hash, data, { key, padding: cryptoConstants.RSA_PKCS1_PSS_PADDING, saltLength: cryptoConstants.RSA_PSS_SALTLEN_DIGEST });
    case 'ES':
      return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' });
    default:
      return sign(null, data, key);
  }
}

/** A key set as an issuer publishes it. */
export function keySet(...list: readonly Record<string, unknown>[]): string {
  return JSON.stringify({ keys: list });
}
