// Public keys as issuers publish them (RFC 7517): what of a key set can verify a signature, and which key a token asks for.
import { createPublicKey, X509Certificate } from 'node:crypto';
import { algorithms } from './parse-token.ts';
import { parseStrictObject } from './strict-json.ts';

/** A key that can verify. */
export interface VerifyingKey {
  /** Empty: it has no name, and any token may mean it. */
  readonly kid: string;
  /** Empty: any algorithm that `fits`. */
  readonly alg: string;
  /** Without private members. */
  readonly jwk: Readonly<Record<string, string>>;
  fits(alg: string): boolean;
}

/** Further ones are not looked at: a token without `kid` is tried with all. */
const mostKeys = 100;

/** Of RSA keys, in bits: shorter ones can be broken, longer ones cost too much. */
const rsaBits = { least: 2048, most: 8192 };

const curves: Readonly<Record<string, string>> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' };

export class KeySet {
  readonly keys: readonly VerifyingKey[];
  /** As published, where every key of it is used as it is; else a set of those that are. */
  readonly text: string;

  private constructor(keys: readonly VerifyingKey[], text: string) {
    this.keys = keys;
    this.text = text;
  }

  /** @returns what is wrong with it where it has no key that can verify */
  static parse(text: string): KeySet | { problem: string } {
    const set = parseStrictObject(text);
    if (set === undefined) return { problem: 'is no JSON object, or one that can be read in two ways' };
    const written = Array.isArray(set.keys) ? (set.keys as unknown[]) : undefined;
    // One key alone is taken for a set of it.
    const list = written ?? (typeof set.kty === 'string' ? [set] : certificatesIn(set));
    if (list === undefined) return { problem: 'has no list "keys"' };
    const keys = list.slice(0, mostKeys).flatMap((value) => verifyingKey(value) ?? []);
    if (keys.length === 0) return { problem: 'has no key that can verify a signature' };
    const asPublished = keys.length === written?.length && written.every(isPublic);
    return new KeySet(keys, asPublished ? text : JSON.stringify({ keys: keys.map(published) }));
  }

  /** Keys that a token may be signed with: by name where both have one, and by algorithm. */
  candidates(kid: string, alg: string): VerifyingKey[] {
    return this.keys.filter((key) => (kid === '' || key.kid === '' || key.kid === kid) && (key.alg === '' || key.alg === alg));
  }
}

function published({ kid, alg, jwk }: VerifyingKey): Record<string, string> {
  return { ...jwk, ...(kid === '' ? {} : { kid }), ...(alg === '' ? {} : { alg }) };
}

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth'];

function isPublic(key: unknown): boolean {
  return privateMembers.every((name) => !Object.hasOwn(key as object, name));
}

function verifyingKey(value: unknown): VerifyingKey | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const key = value as Readonly<Record<string, unknown>>;
  const { kty, use, key_ops: operations } = key;
  if (use !== undefined && use !== 'sig') return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return undefined;
  const alg = textOf(key.alg);
  if (alg !== '' && !algorithms.has(alg)) return undefined;
  const known = kty === 'RSA' ? rsaKey(key) : kty === 'EC' ? ecKey(key, alg) : kty === 'OKP' ? okpKey(key) : kty === 'oct' ? octKey(key) : undefined;
  if (known === undefined || (alg !== '' && !known.fits(alg))) return undefined;
  return { kid: textOf(key.kid), alg, jwk: Object.freeze(known.jwk), fits: known.fits };
}

type Known = Pick<VerifyingKey, 'jwk' | 'fits'>;

function rsaKey({ n, e }: Readonly<Record<string, unknown>>): Known | undefined {
  const modulus = bytesOf(n);
  const exponent = bytesOf(e);
  if (!modulus || !exponent) return undefined;
  // Envoy takes no others.
  const power = exponent.length <= 4 ? exponent.reduce((sum, byte) => sum * 256 + byte, 0) : 0;
  if ((power !== 3 && power !== 65_537) || ((modulus.at(-1) as number) & 1) === 0) return undefined;
  const jwk = { kty: 'RSA', n: n as string, e: e as string };
  const bits = publicKeyOf(jwk)?.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < rsaBits.least || bits > rsaBits.most) return undefined;
  return { jwk, fits: (alg) => alg.startsWith('RS') || alg.startsWith('PS') };
}

function ecKey({ crv, x, y }: Readonly<Record<string, unknown>>, alg: string): Known | undefined {
  const curve = crv === undefined ? (Object.keys(curves).find((name) => curves[name] === alg) ?? 'P-256') : textOf(crv);
  if (!Object.hasOwn(curves, curve) || !bytesOf(x) || !bytesOf(y)) return undefined;
  const jwk = { kty: 'EC', crv: curve, x: x as string, y: y as string };
  return publicKeyOf(jwk) && { jwk, fits: (asked) => asked === curves[curve] };
}

function okpKey({ crv, x }: Readonly<Record<string, unknown>>): Known | undefined {
  if (crv !== 'Ed25519' || bytesOf(x)?.length !== 32) return undefined;
  const jwk = { kty: 'OKP', crv, x: x as string };
  return publicKeyOf(jwk) && { jwk, fits: (alg) => alg === 'EdDSA' };
}

function octKey({ k }: Readonly<Record<string, unknown>>): Known | undefined {
  return bytesOf(k)?.length ? { jwk: { kty: 'oct', k: k as string }, fits: (alg) => alg.startsWith('HS') } : undefined;
}

function publicKeyOf(jwk: Readonly<Record<string, string>>) {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return undefined;
  }
}

function bytesOf(value: unknown): Uint8Array | undefined {
  return typeof value === 'string' && /^[\w-]+$/.test(value) && value.length % 4 !== 1 ? Buffer.from(value, 'base64url') : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Some issuers publish certificates by name instead. */
function certificatesIn(set: Readonly<Record<string, unknown>>): unknown[] | undefined {
  const named = Object.entries(set);
  if (named.length === 0 || !named.every(([kid, value]) => kid !== '' && typeof value === 'string' && value !== '')) return undefined;
  return named.slice(0, mostKeys).map(([kid, pem]) => {
    try {
      return { ...new X509Certificate(pem as string).publicKey.export({ format: 'jwk' }), kid };
    } catch {
      return undefined;
    }
  });
}
