import { revokedName, rootsOf } from './credential-names.ts';
import type { Credentials, NamedCredentials } from './credentials.ts';

/** By which others are judged. PEM. */
export interface Roots {
  roots: string;
  /** Absent: nothing is known to be revoked. */
  crl?: string;
}

/** Those of a Secret, or of the one beside it. */
export function rootsBeside(secret: string, credentials: Credentials): NamedCredentials | undefined {
  const beside = credentials.named(rootsOf(secret));
  return beside?.roots ? beside : credentials.named(secret);
}

/**
 * With the list of revoked certificates that they come with, and the one that a file has.
 *
 * @returns undefined where one of them is missing: nobody can be judged
 */
export function withRevoked(found: NamedCredentials | undefined, crlFile: string | undefined, credentials: Credentials): Roots | undefined {
  if (!found?.roots) return undefined;
  const ofFile = crlFile ? credentials.named(revokedName(crlFile))?.crl : '';
  if (ofFile === undefined) return undefined;
  const crl = [found.crl ?? '', ofFile].filter(Boolean).join('\n');
  return crl === '' ? { roots: found.roots } : { roots: found.roots, crl };
}
