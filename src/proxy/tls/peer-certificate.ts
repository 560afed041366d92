import { X509Certificate } from 'node:crypto';
import type { PeerCertificate } from '../core/client-certificate.ts';
import { type AltNames, parseAltNames } from './alt-names.ts';

/** A certificate that a peer showed and that was verified. */
export class ShownCertificate implements PeerCertificate {
  readonly hash: string;
  readonly subject: string;
  readonly names: AltNames;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  private readonly x509: X509Certificate;
  private ownText: string | undefined;
  private chainText: string | undefined;

  constructor(x509: X509Certificate, hash: string) {
    this.x509 = x509;
    this.hash = hash;
    this.subject = rfc2253(x509.subject);
    this.names = parseAltNames(x509.subjectAltName);
    this.expiresAt = x509.validToDate.getTime();
  }

  get uriSans(): readonly string[] {
    return this.names.uris;
  }

  get dnsSans(): readonly string[] {
    return this.names.dns;
  }

  get certificate(): string {
    this.ownText ??= encoded(this.x509);
    return this.ownText;
  }

  get chain(): string {
    if (this.chainText === undefined) {
      let text = '';
      const seen = new Set<string>();
      for (let at: X509Certificate | undefined = this.x509; at && !seen.has(at.fingerprint256); at = at.issuerCertificate) {
        seen.add(at.fingerprint256);
        text += encoded(at);
      }
      this.chainText = text;
    }
    return this.chainText;
  }

  /** The certificate's public key, as `verifyCertificateSpki` has it: SHA-256 in base64. */
  get publicKey(): Buffer {
    return this.x509.publicKey.export({ type: 'spki', format: 'der' });
  }
}

/** Those that came last: reading one costs more than all else of a connection that is resumed. */
const recent = new Map<string, ShownCertificate>();
const mostRecent = 1024;

export function shownCertificate(x509: X509Certificate): ShownCertificate {
  const { fingerprint256 } = x509;
  const known = recent.get(fingerprint256);
  if (known) return known;
  const shown = new ShownCertificate(x509, fingerprint256.replaceAll(':', '').toLowerCase());
  if (recent.size >= mostRecent) recent.delete(recent.keys().next().value as string);
  recent.set(fingerprint256, shown);
  return shown;
}

const escapes: Readonly<Record<string, string>> = { '\n': '%0A', ' ': '%20', '+': '%2B', '/': '%2F', '=': '%3D' };

/** As Envoy writes PEM into a header. */
function encoded(x509: X509Certificate): string {
  return x509.toString().replace(/[\n +/=]/g, (c) => escapes[c] as string);
}

/**
 * @param subject as node:crypto writes it: a line for each part, in the order of the certificate, with the escapes of RFC 2253 except
 *   for bytes outside of ASCII
 */
export function rfc2253(subject: string | undefined): string {
  if (!subject) return '';
  return subject
    .split('\n')
    .reverse()
    .map((line) => line.split(' + ').reverse().join('+'))
    .join(',')
    .replace(/[^ -~]+/g, (text) => [...Buffer.from(text)].map((byte) => `\\${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''));
}

/** URI names of the first certificate of a PEM text; none where it cannot be read. */
export function uriNames(pem: string): readonly string[] {
  try {
    return parseAltNames(new X509Certificate(pem).subjectAltName).uris;
  } catch {
    return [];
  }
}
