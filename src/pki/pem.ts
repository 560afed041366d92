import { X509Certificate } from 'node:crypto';

/** A certificate and its private key, both as PEM; the key as PKCS #8 where it was made here. */
export interface KeyPair {
  certificate: string;
  key: string;
}

const block = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Each certificate of a PEM text, with a line break at its end. What else the text has is left out. */
export function certificatesOf(text: string): string[] {
  return (text.match(block) ?? []).map((pem) => `${pem.replaceAll('\r', '')}\n`);
}

/**
 * Certificates of several texts as one, each once, in their order. Those that are not valid any more, and what is no certificate at
 * all, are left out: nobody could be verified by them, and some TLS libraries refuse the whole bundle.
 *
 * @param now milliseconds since the epoch
 */
export function trustBundle(texts: readonly string[], now: number): string {
  const seen = new Map<string, string>();
  for (const pem of texts.flatMap(certificatesOf)) {
    const certificate = readCertificate(pem);
    if (certificate && certificate.validToDate.getTime() > now && !seen.has(certificate.fingerprint256)) seen.set(certificate.fingerprint256, pem);
  }
  return [...seen.values()].join('');
}

/** Undefined for another text. */
export function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
