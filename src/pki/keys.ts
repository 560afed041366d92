import { createPrivateKey, type KeyObject, webcrypto } from 'node:crypto';

/** What WebCrypto has to be told of a key, and what it signs with. */
export type SigningAlgorithm = { name: 'ECDSA'; namedCurve: string; hash: string } | { name: 'RSASSA-PKCS1-v1_5'; hash: string } | { name: 'Ed25519' };

/** Of every key that is made here. */
export const ownAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

const curves: Readonly<Record<string, SigningAlgorithm>> = {
  prime256v1: ownAlgorithm,
  secp384r1: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  secp521r1: { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
};
/** Shorter ones can be broken; longer ones cost everybody who verifies them too much. */
const rsaBits = { least: 2048, most: 8192 };

export function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ownAlgorithm, true, ['sign', 'verify']);
}

/** PKCS #8 as PEM. */
export async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return `-----BEGIN PRIVATE KEY-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END PRIVATE KEY-----\n`;
}

/**
 * How a key signs.
 *
 * @throws Error that says why it is not taken: RSA under 2048 bits or over 8192, curves that others do not know
 */
export function algorithmOf(key: KeyObject): SigningAlgorithm {
  const { namedCurve = '', modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ed25519') return { name: 'Ed25519' };
  if (key.asymmetricKeyType === 'rsa') {
    if (modulusLength < rsaBits.least) throw new Error(`an RSA key of ${modulusLength} bits is too short: take one of ${rsaBits.least} or more`);
    if (modulusLength > rsaBits.most) throw new Error(`an RSA key of ${modulusLength} bits is too long: take one of ${rsaBits.most} or less`);
    if (publicExponent < 3n || publicExponent % 2n === 0n) throw new Error('the RSA key has an exponent with which anybody can sign: take 65537');
    return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  }
  const algorithm = key.asymmetricKeyType === 'ec' ? curves[namedCurve] : undefined;
  if (!algorithm)
    throw new Error(`a key of type ${[key.asymmetricKeyType, namedCurve].filter(Boolean).join(' ')} is not taken: RSA, P-256, P-384, P-521 and Ed25519 are`);
  return algorithm;
}

/**
 * @param pem PKCS #8, or the older forms of RSA and EC keys
 * @throws Error for another text, an encrypted key, and as `algorithmOf`
 */
export async function importKey(pem: string): Promise<{ key: webcrypto.CryptoKey; algorithm: SigningAlgorithm }> {
  const object = createPrivateKey(pem);
  const algorithm = algorithmOf(object);
  const bytes = object.export({ type: 'pkcs8', format: 'der' });
  return { key: await webcrypto.subtle.importKey('pkcs8', bytes, algorithm, false, ['sign']), algorithm };
}
