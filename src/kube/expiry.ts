import { X509Certificate } from 'node:crypto';
import type { Identity } from './credentials.ts';

/**
 * Why a server may not accept an identity any more: servers do not say it.
 *
 * @param now milliseconds since 1970
 * @returns `the token expired on …`; undefined where nothing has expired, or nothing says when it does
 */
export function expiryText({ headers, certificate }: Identity, now: number): string | undefined {
  const { authorization } = headers;
  const token = typeof authorization === 'string' ? /^Bearer (.*)$/.exec(authorization)?.[1] : undefined;
  const ends = token === undefined ? undefined : endOfToken(token);
  if (ends !== undefined && ends <= now) return `the token expired on ${dateText(ends)}`;
  const until = certificate && endOfCertificate(certificate.cert);
  if (until !== undefined && until <= now) return `the client certificate expired on ${dateText(until)}`;
  return undefined;
}

/** `exp` of a JSON web token (RFC 7519), in milliseconds; other tokens do not say it. */
function endOfToken(token: string): number | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}

function endOfCertificate(pem: string | Buffer): number | undefined {
  try {
    return Date.parse(new X509Certificate(pem).validTo);
  } catch {
    return undefined;
  }
}

function dateText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
