// When certificates are renewed, without a moment in which somebody does not trust what is served.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { authorityLifetimeMs, renewedAt, servingLifetimeMs } from '../../pki/lifetimes.ts';
import type { KeyPair } from '../../pki/pem.ts';
import { canSignAfter, expiryOf, madeAt } from '../../pki/validity.ts';

/** What the Secret of the control plane has. */
export interface ServingCertificates {
  /** Signs what is served now. */
  authority: KeyPair;
  /** Will sign, when all who verify trust it. */
  next?: KeyPair;
  /** Certificate of the authority before: of what may still be served somewhere. */
  former?: string;
  serving: KeyPair;
}

export interface RotationFacts {
  /** Milliseconds since the epoch. */
  now: number;
  dnsNames: readonly string[];
  /** Since when everybody who verifies trusts `next`; undefined: not everybody does. */
  nextTrustedSince: number | undefined;
}

/** API servers take up a changed webhook within seconds. */
export const trustGraceMs = 5 * 60 * 1000;
/** Replicas take up a changed Secret within seconds, where they can see it. */
export const formerGraceMs = 24 * 60 * 60 * 1000;

const authorityName = 'weft-controller-ca';

/** What makes certificates is loaded by the replica that makes one, once in two months. */
const issuer = (): Promise<typeof import('../../pki/issue.ts')> => import('../../pki/issue.ts');

/** What is to be trusted, as PEM: `caBundle` of the webhooks. */
export function caBundleOf({ authority, next, former }: ServingCertificates): string {
  return [authority.certificate, next?.certificate, former].filter((text) => text !== undefined).join('');
}

/** @returns what there should be from now on; the same object where nothing is to be done yet */
export async function rotate(known: ServingCertificates | undefined, facts: RotationFacts): Promise<ServingCertificates> {
  const { now, dnsNames } = facts;
  const authority = known && usableAuthority(known.authority, now) ? known.authority : undefined;
  if (!known || !authority) {
    const { issueAuthority, issueServing } = await issuer();
    const fresh = await issueAuthority(authorityName, now);
    return { authority: fresh, serving: await issueServing(fresh, dnsNames, now) };
  }
  const next = known.next && usableAuthority(known.next, now) ? known.next : undefined;
  if (next && facts.nextTrustedSince !== undefined && now - facts.nextTrustedSince >= trustGraceMs)
    return { authority: next, former: authority.certificate, serving: await (await issuer()).issueServing(next, dnsNames, now) };
  const serving = isGood(known.serving, authority.certificate, dnsNames, now) ? known.serving : await (await issuer()).issueServing(authority, dnsNames, now);
  const wanted: ServingCertificates = { authority, serving };
  if (next) wanted.next = next;
  else if (isDue(authority.certificate, now, authorityLifetimeMs)) wanted.next = await (await issuer()).issueAuthority(authorityName, now);
  if (known.former !== undefined && now - madeAt(serving.certificate) < formerGraceMs) wanted.former = known.former;
  return isSame(known, wanted) ? known : wanted;
}

function isSame(a: ServingCertificates, b: ServingCertificates): boolean {
  return a.authority === b.authority && a.next === b.next && a.former === b.former && a.serving === b.serving;
}

/** By its end: it begins no earlier than its authority, whenever it was made. */
function isDue(certificate: string, now: number, lifetimeMs: number): boolean {
  return expiryOf(certificate) - now <= lifetimeMs * (1 - renewedAt);
}

/** Whether it can sign something that outlives it by nothing. */
function usableAuthority(pair: KeyPair, now: number): boolean {
  return canSignAfter(pair, now + servingLifetimeMs);
}

/** Whether a server can go on with it. What cannot even be read is not good. */
function isGood(pair: KeyPair, authority: string, dnsNames: readonly string[], now: number): boolean {
  try {
    const certificate = new X509Certificate(pair.certificate);
    return (
      certificate.checkPrivateKey(createPrivateKey(pair.key)) &&
      certificate.verify(new X509Certificate(authority).publicKey) &&
      dnsNames.every((name) => certificate.checkHost(name) !== undefined) &&
      !isDue(pair.certificate, now, servingLifetimeMs)
    );
  } catch {
    return false;
  }
}
