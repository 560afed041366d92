import { X509Certificate } from 'node:crypto';
import type { KubeObject } from '../../kube/object.ts';
import { isMap } from '../../model/untyped.ts';
import type { KeyPair } from '../../pki/pem.ts';
import type { ServingCertificates } from './rotation.ts';

/** Certificates as the data of a Secret. */
export function secretData({ authority, next, former, serving }: ServingCertificates): Record<string, string> {
  const texts: Record<string, string | undefined> = {
    'ca.crt': authority.certificate,
    'ca.key': authority.key,
    'next-ca.crt': next?.certificate,
    'next-ca.key': next?.key,
    'former-ca.crt': former,
    'tls.crt': serving.certificate,
    'tls.key': serving.key,
  };
  return Object.fromEntries(
    Object.entries(texts).flatMap(([key, text]): [string, string][] => (text === undefined ? [] : [[key, Buffer.from(text).toString('base64')]])),
  );
}

/**
 * The inverse. Somebody may have changed the Secret: what is there besides a certificate is left out, and so is an authority before or
 * after this one that is none.
 *
 * @returns undefined where what is served, or its authority, is missing or none
 */
export function certificatesIn(secret: KubeObject): ServingCertificates | undefined {
  const data = isMap(secret.data) ? secret.data : {};
  const text = (key: string): string | undefined => (typeof data[key] === 'string' ? Buffer.from(data[key], 'base64').toString() : undefined);
  const certificate = (key: string): string | undefined => certificateIn(text(key) ?? '');
  const pair = (name: string): KeyPair | undefined => {
    const [found, key] = [certificate(`${name}.crt`), text(`${name}.key`)];
    return found === undefined || key === undefined ? undefined : { certificate: found, key };
  };
  const [authority, serving, next, former] = [pair('ca'), pair('tls'), pair('next-ca'), certificate('former-ca.crt')];
  if (!authority || !serving) return undefined;
  return { authority, serving, ...(next ? { next } : {}), ...(former === undefined ? {} : { former }) };
}

/** API servers refuse a `caBundle` with anything else in it. */
function certificateIn(text: string): string | undefined {
  try {
    return new X509Certificate(text).toString();
  } catch {
    return undefined;
  }
}
