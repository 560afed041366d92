import type { PeerCertificate } from './client-certificate.ts';
import type { ExchangeRecord } from './exchange-record.ts';

/** What TLS told of a connection. */
export interface ConnectionTls {
  /** `TLSv1.3` */
  readonly version: string;
  /** `TLS_AES_128_GCM_SHA256` */
  readonly cipher?: string;
  /** Absent: the client showed none. */
  readonly peerCertificate?: PeerCertificate;
  /** URI names of the certificate that the proxy showed. */
  readonly localUriSans?: readonly string[];
}

const none: readonly string[] = [];

export function recordTls(record: ExchangeRecord, { version, cipher, peerCertificate: peer, localUriSans }: ConnectionTls): void {
  record.tlsVersion = version;
  record.tlsCipher = cipher ?? '';
  record.localUriSans = localUriSans ?? none;
  if (peer === undefined) return;
  record.peerSubject = peer.subject;
  record.peerUriSans = peer.uriSans;
  record.peerDnsSans = peer.dnsSans;
  record.peerHash = peer.hash;
  record.peerCertificate = peer.certificate ?? '';
}
