// When the root of the mesh is renewed, so that at no time two workloads meet of which one does not trust the other.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { authorityLifetimeMs, backdatedMs, longestWorkloadLifetimeMs } from '../../pki/lifetimes.ts';
import { certificatesOf, type KeyPair, trustBundle } from '../../pki/pem.ts';

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

/** Renewed so long before its end, in parts of its life, that overlap and what it signed fit in. */
const renewedAt = 2 / 3;
/** Names of the root's subject. */
const rootName = 'weft-mesh-ca';

/** Everything that is to be trusted, as PEM. */
export function rootsOf({ authority, next, former }: RootState, now: number): string {
  return trustBundle([authority.certificate, next?.certificate ?? '', former], now);
}

/** @returns what there should be from now on; the same object where nothing is to be done yet */
export async function rotateRoot(known: RootState | undefined, now: number, { lifetimeMs, overlapMs, formerMs }: RootTimes): Promise<RootState> {
  if (!known || !isUsable(known.authority, now)) {
    // What others still show is trusted as long as it is valid, also after a root that somebody took away.
    return {
      authority: await newRoot(now, lifetimeMs),
      former: known ? trustBundle([known.authority.certificate, known.former, known.next?.certificate ?? ''], now) : '',
    };
  }
  const { authority, former } = known;
  const next = known.next && isUsable(known.next, now) ? known.next : undefined;
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
  const texts = {
    [fields.certificate]: authority.certificate,
    [fields.key]: authority.key,
    'root-cert.pem': authority.certificate,
    ...(next ? { [fields.nextCertificate]: next.certificate, [fields.nextKey]: next.key } : {}),
    ...(former === '' ? {} : { [fields.former]: former }),
  };
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text).toString('base64')]));
}

/** The inverse. @returns undefined where the root that signs is not there or cannot be read */
export function rootStateIn(data: Readonly<Record<string, unknown>>): RootState | undefined {
  const text = (name: string): string => {
    const value = data[name];
    return typeof value === 'string' ? Buffer.from(value, 'base64').toString() : '';
  };
  const pair = (certificate: string, key: string): KeyPair | undefined => {
    const [found] = certificatesOf(text(certificate));
    return found === undefined || text(key) === '' ? undefined : { certificate: found, key: text(key) };
  };
  const authority = pair(fields.certificate, fields.key);
  const next = pair(fields.nextCertificate, fields.nextKey);
  return authority && { authority, ...(next ? { next } : {}), former: certificatesOf(text(fields.former)).join('') };
}

/** Whether it can sign something now. */
export function isUsable({ certificate, key }: KeyPair, now: number): boolean {
  try {
    const root = new X509Certificate(certificate);
    return root.ca && root.checkPrivateKey(createPrivateKey(key)) && root.validToDate.getTime() > now;
  } catch {
    return false;
  }
}

async function newRoot(now: number, lifetimeMs: number): Promise<KeyPair> {
  const { issueAuthority } = await import('../../pki/issue.ts');
  return issueAuthority(rootName, now, lifetimeMs);
}

/** By its own life: a root that another control plane has left may have another one. */
function dueAt(certificate: string): number {
  const made = madeAt(certificate);
  return made + (new X509Certificate(certificate).validToDate.getTime() - made) * renewedAt;
}

function madeAt(certificate: string): number {
  return new X509Certificate(certificate).validFromDate.getTime() + backdatedMs;
}
