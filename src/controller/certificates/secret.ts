import type { KubeObject } from '../../kube/object.ts';
import { decodedData, encodedData } from '../../kube/secret-data.ts';
import { type KeyPair, readCertificate } from '../../pki/pem.ts';
import type { ServingCertificates } from './rotation.ts';

/** Certificates as the data of a Secret. */
export function secretData({ authority, next, former, serving }: ServingCertificates): Record<string, string> {
  return encodedData({
    'ca.crt': authority.certificate,
    'ca.key': authority.key,
    'next-ca.crt': next?.certificate,
    'next-ca.key': next?.key,
    'former-ca.crt': former,
    'tls.crt': serving.certificate,
    'tls.key': serving.key,
  });
}

/**
 * The inverse. Somebody may have changed the Secret: what is there besides a certificate is left out, and so is an authority before or
 * after this one that is none.
 *
 * @returns undefined where what is served, or its authority, is missing or none
 */
export function certificatesIn(secret: KubeObject): ServingCertificates | undefined {
  const texts = decodedData(secret.data);
  // API servers refuse a `caBundle` with anything else in it.
  const certificate = (key: string): string | undefined => readCertificate(texts[key] ?? '')?.toString();
  const pair = (name: string): KeyPair | undefined => {
    const [found, key] = [certificate(`${name}.crt`), texts[`${name}.key`]];
    return found === undefined || key === undefined ? undefined : { certificate: found, key };
  };
  const [authority, serving, next, former] = [pair('ca'), pair('tls'), pair('next-ca'), certificate('former-ca.crt')];
  if (!authority || !serving) return undefined;
  return { authority, serving, ...(next ? { next } : {}), ...(former === undefined ? {} : { former }) };
}
