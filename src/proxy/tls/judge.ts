import { createHash } from 'node:crypto';
import { hasAltName } from './alt-names.ts';
import type { Conditions } from './downstream-settings.ts';
import type { ShownCertificate } from './peer-certificate.ts';

/** Why a certificate that leads to a root is refused all the same. */
export type Refusal = 'expired' | 'names' | 'hash';

/**
 * @param now milliseconds since 1970: a session that goes on was verified when it began
 * @returns undefined: it is accepted
 */
export function judge(shown: ShownCertificate, { names, uriPrefixes, publicKeys, hashes }: Conditions, now: number): Refusal | undefined {
  if (shown.expiresAt < now) return 'expired';
  if (names.length > 0 && !hasAltName(shown.names, names)) return 'names';
  if (uriPrefixes.length > 0 && !shown.uriSans.some((uri) => uriPrefixes.some((prefix) => uri.startsWith(prefix)))) return 'names';
  if (publicKeys.length === 0 && hashes.length === 0) return undefined;
  if (hashes.includes(shown.hash)) return undefined;
  return publicKeys.length > 0 && publicKeys.includes(createHash('sha256').update(shown.publicKey).digest('base64')) ? undefined : 'hash';
}
