// When the root of the mesh is renewed, so that at no time two workloads meet of which one does not trust the other.
import { decodedData, encodedData } from '../../kube/secret-data.ts';
import { authorityLifetimeMs, longestWorkloadLifetimeMs, renewedAt } from '../../pki/lifetimes.ts';
import { certificatesOf, type KeyPair, trustBundle } from '../../pki/pem.ts';
import { canSignAfter, expiryOf, madeAt } from '../../pki/validity.ts';

/** What the Secret of the authority has. */
export interface RootState {
  /** Signs now. */
  authority: KeyPair;
  /** Will sign, when everybody has heard of it. */
  next?: KeyPair;
  /** PEM; roots of certificates that may still be in use. */
  former: string;
}

export interface RootTimes {
  /** Of a root. */
  lifetimeMs: number;
  /** From when a root is published until it signs: by then every workload has renewed its certificate, and with it its roots. */
  overlapMs: number;
  /** From when a root signs no more until nobody has to trust it: the longest life of what it signed. */
  formerMs: number;
}

const day = 24 * 60 * 60 * 1000;

/** Workloads renew within a day. */
export const usualRootTimes: RootTimes = { lifetimeMs: authorityLifetimeMs, overlapMs: 7 * day, formerMs: longestWorkloadLifetimeMs };

/** Names of the root's subject. */
const rootName = 'weft-mesh-ca';

/** Everything that is to be trusted, as PEM. */
export function rootsOf({ authority, next, former }: RootState, now: number): string {
  return trustBundle([authority.certificate, next?.certificate ?? '', former], now);
}

/** @returns what there should be from now on; the same object where nothing is to be done yet */
export async function rotateRoot(known: RootState | undefined, now: number, { lifetimeMs, overlapMs, formerMs }: RootTimes): Promise<RootState> {
  if (!known || !canSignAfter(known.authority, now)) {
    // What others still show is trusted as long as it is valid, also after a root that somebody took away.
    return {
      authority: await newRoot(now, lifetimeMs),
      former: known ? trustBundle([known.authority.certificate, known.former, known.next?.certificate ?? ''], now) : '',
    };
  }
  const { authority, former } = known;
  const next = known.next && canSignAfter(known.next, now) ? known.next : undefined;
  if (next && now >= madeAt(next.certificate) + overlapMs) {
    return { authority: next, former: trustBundle([authority.certificate, former], now) };
  }
  if (!next && now >= dueAt(authority.certificate)) {
    return { authority, next: await newRoot(now, lifetimeMs), former };
  }
  // It has signed since it was published, and the overlap over.
  const over = former !== '' && now >= madeAt(authority.certificate) + overlapMs + formerMs;
  const left = over ? '' : trustBundle([former], now);
  if (left === former && next === known.next) return known;
  return { authority, ...(next ? { next } : {}), former: left };
}

const fields = {
  certificate: 'ca-cert.pem',
  key: 'ca-key.pem',
  nextCertificate: 'next-ca-cert.pem',
  nextKey: 'next-ca-key.pem',
  former: 'former-roots.pem',
} as const;

/** As the data of a Secret. */
export function rootSecretData({ authority, next, former }: RootState): Record<string, string> {
  return encodedData({
    [fields.certificate]: authority.certificate,
    [fields.key]: authority.key,
    'root-cert.pem': authority.certificate,
    [fields.nextCertificate]: next?.certificate,
    [fields.nextKey]: next?.key,
    [fields.former]: former === '' ? undefined : former,
  });
}

/** The inverse. @returns undefined where the root that signs is not there or cannot be read */
export function rootStateIn(data: unknown): RootState | undefined {
  const texts = decodedData(data);
  const pair = (certificateName: string, keyName: string): KeyPair | undefined => {
    const { [certificateName]: certificates = '', [keyName]: key = '' } = texts;
    const [certificate] = certificatesOf(certificates);
    return certificate === undefined || key === '' ? undefined : { certificate, key };
  };
  const authority = pair(fields.certificate, fields.key);
  const next = pair(fields.nextCertificate, fields.nextKey);
  return authority && { authority, ...(next ? { next } : {}), former: certificatesOf(texts[fields.former] ?? '').join('') };
}

async function newRoot(now: number, lifetimeMs: number): Promise<KeyPair> {
  const { issueAuthority } = await import('../../pki/issue.ts');
  return issueAuthority(rootName, now, lifetimeMs);
}

/** By its own life, of which overlap and what it signed have the rest: a root that another control plane has left may have another one. */
function dueAt(certificate: string): number {
  const made = madeAt(certificate);
  return made + (expiryOf(certificate) - made) * renewedAt;
}
