import { X509Certificate } from 'node:crypto';

const certificates = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * What is sent of a certificate without others behind it: itself and its issuer, where that is among the roots. OpenSSL sends the same,
 * but looks for the issuer and verifies its signature in every handshake anew.
 *
 * @param certificateChain PEM
 * @param roots PEM
 * @returns the chain itself where it has more than one certificate, or there is nothing to add
 */
export function sentChain(certificateChain: string, roots: string): string {
  const own = certificateChain.match(certificates) ?? [];
  if (own.length !== 1) return certificateChain;
  try {
    const shown = new X509Certificate(own[0] as string);
    const issuer = (roots.match(certificates) ?? []).find((pem) => isIssuer(shown, new X509Certificate(pem)));
    return issuer === undefined ? certificateChain : `${own[0]}\n${issuer}\n`;
  } catch {
    // Whoever read them has said so.
    return certificateChain;
  }
}

function isIssuer(shown: X509Certificate, other: X509Certificate): boolean {
  return shown.fingerprint256 !== other.fingerprint256 && shown.checkIssued(other) && shown.verify(other.publicKey);
}
