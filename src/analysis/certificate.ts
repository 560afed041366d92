const block = /-----BEGIN ([^-]*)-----([\s\S]*?)-----END \1-----/;

/** Why a server cannot serve the first certificate of a PEM text, in words that follow "a certificate that"; undefined when it can. */
export function whyUnusable(pem: string, now: Date): string | undefined {
  const found = block.exec(pem);
  if (!found) return 'is not PEM';
  const text = (found[2] as string).replace(/^.*:.*$/gm, '');
  // Loaded at the first certificate: the module takes a tenth of the time that a whole analysis does.
  const { X509Certificate } = process.getBuiltinModule('node:crypto');
  let from: Date;
  let to: Date;
  try {
    const certificate = new X509Certificate(Buffer.from(text, 'base64'));
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
