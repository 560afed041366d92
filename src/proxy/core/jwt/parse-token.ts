// A token in its parts, before anybody has verified it: form, encoding and types of claims, judged in Envoy's order.
import { claimFailure, failures, type TokenFailure } from './failure.ts';
import { parseStrictObject } from './strict-json.ts';

/** A token that says of itself what follows; its signature is another matter. */
export interface ParsedToken {
  /** As they were sent, base64url: what the signature is over. */
  readonly header: string;
  readonly payload: string;
  readonly signature: Uint8Array;
  readonly alg: string;
  /** Empty: the header names no key. */
  readonly kid: string;
  /** Extensions that whoever verifies has to understand. */
  readonly critical: boolean;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Empty: none. */
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** Seconds since 1970; undefined: always. */
  readonly notBefore: number | undefined;
  readonly expiresAt: number | undefined;
}

/** Algorithms of signatures that there are keys for. `none` is not one of them. */
export const algorithms: ReadonlySet<string> = new Set(
  ['RS', 'PS', 'ES', 'HS'].flatMap((family) => ['256', '384', '512'].map((bits) => family + bits)).concat('EdDSA'),
);

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function parseToken(token: string): ParsedToken | TokenFailure {
  const parts = token.split('.', 4);
  const [header = '', payload = '', signaturePart = ''] = parts;
  if (parts.length !== 3 || header === '' || payload === '' || signaturePart === '') return failures.form;
  const headerBytes = decodeBase64url(header);
  if (headerBytes === undefined) return failures.headerBase64;
  const fields = objectIn(headerBytes);
  if (fields === undefined) return failures.headerJson;
  const { alg, kid = '' } = fields;
  if (typeof alg !== 'string') return failures.headerAlg;
  if (!algorithms.has(alg)) return failures.unsupportedAlg;
  if (typeof kid !== 'string') return failures.headerKid;
  const payloadBytes = decodeBase64url(payload);
  if (payloadBytes === undefined) return failures.payloadBase64;
  const claims = objectIn(payloadBytes);
  if (claims === undefined) return failures.payloadJson;
  const wrong = wrongClaim(claims);
  if (wrong !== undefined) return wrong;
  const signature = decodeBase64url(signaturePart);
  if (signature === undefined) return failures.signatureBase64;
  return {
    header,
    payload,
    signature,
    alg,
    kid,
    critical: Object.hasOwn(fields, 'crit') || Object.hasOwn(fields, 'b64'),
    claims,
    issuer: textOf(claims, 'iss'),
    audiences: audiencesOf(claims),
    notBefore: secondsOf(claims, 'nbf'),
    expiresAt: secondsOf(claims, 'exp'),
  };
}

/** JWT-R2, JWT-R3, with the skew of clocks (SEC-R43). */
export function timeFailure({ notBefore, expiresAt }: ParsedToken, nowSeconds: number): TokenFailure | undefined {
  if (notBefore !== undefined && nowSeconds + skewSeconds < notBefore) return failures.notYetValid;
  if (expiresAt !== undefined && nowSeconds > expiresAt + skewSeconds) return failures.expired;
  return undefined;
}

const skewSeconds = 60;

/** Padding is allowed where it is right; bits that no byte needs are not looked at. */
function decodeBase64url(text: string): Uint8Array | undefined {
  const [, digits, padding] = /^([\w-]*)(={0,2})$/.exec(text) ?? [];
  if (digits === undefined || digits.length % 4 === 1) return undefined;
  if (padding !== '' && text.length % 4 !== 0) return undefined;
  return Buffer.from(digits, 'base64url');
}

function objectIn(bytes: Uint8Array): Record<string, unknown> | undefined {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return undefined;
  }
  return parseStrictObject(text);
}

type Claims = Readonly<Record<string, unknown>>;

const own = (claims: Claims, name: string): unknown => (Object.hasOwn(claims, name) ? claims[name] : undefined);

function wrongClaim(claims: Claims): TokenFailure | undefined {
  return (
    wrongText(claims, 'iss') ??
    wrongText(claims, 'sub') ??
    wrongSeconds(claims, 'iat') ??
    wrongSeconds(claims, 'nbf') ??
    wrongSeconds(claims, 'exp') ??
    wrongText(claims, 'jti') ??
    wrongAudience(claims)
  );
}

function wrongText(claims: Claims, name: string): TokenFailure | undefined {
  const value = own(claims, name);
  return value === undefined || typeof value === 'string' ? undefined : claimFailure(name, 'not a string');
}

function wrongSeconds(claims: Claims, name: string): TokenFailure | undefined {
  const value = own(claims, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'number') return claimFailure(name, 'not an integer');
  return value < 0 || value >= 2 ** 64 ? claimFailure(name, 'not a positive 64 bit integer') : undefined;
}

function wrongAudience(claims: Claims): TokenFailure | undefined {
  const value = own(claims, 'aud');
  if (value === undefined || typeof value === 'string') return undefined;
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? undefined : failures.audienceType;
}

function textOf(claims: Claims, name: string): string {
  return (own(claims, name) as string | undefined) ?? '';
}

function secondsOf(claims: Claims, name: string): number | undefined {
  const value = own(claims, name) as number | undefined;
  return value === undefined ? undefined : Math.trunc(value);
}

function audiencesOf(claims: Claims): readonly string[] {
  const value = own(claims, 'aud') as string | readonly string[] | undefined;
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}
