// x-forwarded-client-cert: who the client proved to be (RT-R43).
import type { HttpFilter } from '../../ir/listener.ts';

export interface PeerCertificate {
  uriSans: readonly string[];
  dnsSans: readonly string[];
  /** As in RFC 2253: `CN=client`. */
  subject: string;
  /** SHA-256, hexadecimal. */
  hash: string;
}

/**
 * The value that goes upstream; undefined: the header is removed.
 *
 * @param sent by the client
 * @param peer certificate of the client on this connection; undefined without mTLS
 * @param local URI names of the proxy's own certificate
 */
export function forwardedClientCert(
  mode: HttpFilter['forwardClientCert'],
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
  parts.push(`Subject="${peer.subject.replaceAll('"', '\\"')}"`);
  for (const uri of peer.uriSans) parts.push(`URI=${uri}`);
  const own = parts.join(';');
  return mode === 'append-forward' && sent !== undefined && sent !== '' ? `${sent},${own}` : own;
}
