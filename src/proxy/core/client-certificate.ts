// x-forwarded-client-cert: who the client proved to be (RT-R43, SEC-R6).
import type { ClientCertDetail, HttpFilter } from '../../ir/listener.ts';

export interface PeerCertificate {
  readonly uriSans: readonly string[];
  readonly dnsSans: readonly string[];
  /** As in RFC 2253: `CN=client`. */
  readonly subject: string;
  /** SHA-256, hexadecimal. */
  readonly hash: string;
  /** PEM, percent-encoded. */
  readonly certificate?: string;
  /** It and those that it was sent with, the same way. */
  readonly chain?: string;
}

/**
 * The value that goes upstream; undefined: the header is removed.
 *
 * @param details what else is told of the certificate than its hash
 * @param sent by the client
 * @param peer certificate of the client on this connection; undefined without mTLS
 * @param local URI names of the proxy's own certificate
 */
export function forwardedClientCert(
  { forwardClientCert: mode, clientCertDetails: details = [] }: Pick<HttpFilter, 'forwardClientCert' | 'clientCertDetails'>,
  sent: string | undefined,
  peer: PeerCertificate | undefined,
  local: readonly string[],
): string | undefined {
  if (mode === 'always-forward-only') return sent;
  if (mode === 'sanitize' || peer === undefined) return undefined;
  if (mode === 'forward-only') return sent;
  const parts: string[] = [];
  if (local.length > 0) parts.push(`By=${local[0]}`);
  if (peer.hash !== '') parts.push(`Hash=${peer.hash}`);
  for (const detail of order) if (details.includes(detail)) tell(detail, peer, parts);
  const own = parts.join(';');
  return mode === 'append-forward' && sent !== undefined && sent !== '' ? `${sent},${own}` : own;
}

/** As Envoy tells them, in whatever order they are asked for. */
const order: readonly ClientCertDetail[] = ['cert', 'chain', 'subject', 'uri', 'dns'];

function tell(detail: ClientCertDetail, peer: PeerCertificate, parts: string[]): void {
  switch (detail) {
    case 'cert':
      if (peer.certificate) parts.push(`Cert="${peer.certificate}"`);
      return;
    case 'chain':
      if (peer.chain) parts.push(`Chain="${peer.chain}"`);
      return;
    case 'subject':
      parts.push(`Subject="${peer.subject}"`);
      return;
    case 'uri':
      if (peer.uriSans.length === 0) parts.push('URI=');
      for (const uri of peer.uriSans) parts.push(`URI=${uri}`);
      return;
    case 'dns':
      for (const name of peer.dnsSans) parts.push(`DNS=${name}`);
  }
}
