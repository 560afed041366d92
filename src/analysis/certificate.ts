import { X509Certificate } from 'node:crypto';

const block = /-----BEGIN ([^-]*)-----([\s\S]*?)-----END \1-----/;

/** Why a server cannot serve the first certificate of a PEM text, in words that follow "the certificate"; undefined when it can. */
export function whyUnusable(pem: string, now: Date): string | undefined {
  const found = block.exec(pem);
  if (!found) return 'is not PEM';
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(Buffer.from((found[2] as string).replace(/^.*:.*$/gm, ''), 'base64'));
  } catch {
    return 'cannot be read';
  }
  const from = new Date(certificate.validFrom);
  const to = new Date(certificate.validTo);
  if (now > to) return `expired on ${to.toISOString().slice(0, 10)}`;
  if (now < from) return `is not valid before ${from.toISOString().slice(0, 10)}`;
  return undefined;
}
