// From when until when certificates are of use. Times are milliseconds since the epoch, certificates PEM.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { backdatedMs } from './lifetimes.ts';
import type { KeyPair } from './pem.ts';

/** @throws Error for another text */
export function expiryOf(certificate: string): number {
  return new X509Certificate(certificate).validToDate.getTime();
}

/** When one was made that is made here. @throws Error for another text */
export function madeAt(certificate: string): number {
  return new X509Certificate(certificate).validFromDate.getTime() + backdatedMs;
}

/** Whether it is an authority with its key, which is valid for longer than until then; of what cannot be read it is not. */
export function canSignAfter({ certificate, key }: KeyPair, time: number): boolean {
  try {
    const authority = new X509Certificate(certificate);
    return authority.ca && authority.checkPrivateKey(createPrivateKey(key)) && authority.validToDate.getTime() > time;
  } catch {
    return false;
  }
}
