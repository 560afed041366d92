import type { X509Certificate } from 'node:crypto';

/** Reads certificates; the class of `node:crypto`, which is loaded where there is a certificate to read. */
export type CertificateReader = typeof X509Certificate;

const block = /-----BEGIN ([^-]*)-----([\s\S]*?)-----END \1-----/;

/** Why a server cannot serve the first certificate of a PEM text, in words that follow "a certificate that"; undefined when it can. */
export function whyUnusable(pem: string, now: Date, Reader: CertificateReader): string | undefined {
  const found = block.exec(pem);
  if (!found) return 'is not PEM';
  const text = (found[2] as string).replace(/^.*:.*$/gm, '');
  let from: Date;
  let to: Date;
  try {
    const certificate = new Reader(Buffer.from(text, 'base64'));
    from = certificate.validFromDate;
    to = certificate.validToDate;
  } catch {
    return 'cannot be read';
  }
  if (now > to) return `expired on ${day(to)}`;
  if (now < from) return `is not valid before ${day(from)}`;
  return undefined;
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
