import { X509Certificate } from 'node:crypto';

const block = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;
const anyBlock = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;
const publicKinds: ReadonlySet<string> = new Set(['CERTIFICATE', 'TRUSTED CERTIFICATE', 'X509 CRL', 'PUBLIC KEY', 'CERTIFICATE REQUEST']);

/** Whether a text is nothing but certificates and what else in PEM everybody may see. */
export function isPublicPem(text: string): boolean {
  const kinds = [...text.matchAll(anyBlock)].map(([, kind = '']) => kind);
  return kinds.length > 0 && kinds.every((kind) => publicKinds.has(kind)) && text.replace(anyBlock, '').trim() === '';
}

/** What the first certificate of a text says, in words; undefined where there is none. */
export function certificateFacts(text: string): string | undefined {
  const all = text.match(block) ?? [];
  if (all[0] === undefined) return undefined;
  try {
    const { subject, issuer, validFromDate, validToDate, subjectAltName } = new X509Certificate(all[0]);
    const names = [subject && `of ${oneLine(subject)}`, subjectAltName && `for ${subjectAltName}`, `by ${oneLine(issuer)}`].filter(Boolean);
    const more = all.length > 1 ? `, and ${all.length - 1} more` : '';
    return `certificate ${names.join(', ')}, ${day(validFromDate)} to ${day(validToDate)}${more}`;
  } catch {
    return 'certificate that cannot be read';
  }
}

function oneLine(name: string): string {
  return name.replaceAll('\n', ', ');
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
