// Families of protocols (TCP-R2).
import type { Protocol } from '../model/protocols.ts';

const httpProtocols: ReadonlySet<string> = new Set<Protocol>(['http', 'http2', 'grpc', 'grpc-web', 'http_proxy']);

/** Only the server name of the ClientHello is seen. */
const tlsProtocols: ReadonlySet<string> = new Set<Protocol>(['https', 'tls']);

/** How a listener takes a port; undefined: not at all. */
export type ListenerKind = 'http' | 'tcp' | 'auto';

/** @param protocol undefined: detected */
export function listenerKind(protocol: Protocol | undefined): ListenerKind | undefined {
  if (protocol === undefined) return 'auto';
  if (protocol === 'udp') return undefined;
  return httpProtocols.has(protocol) ? 'http' : 'tcp';
}

export function isHttpOrDetected(protocol: Protocol | undefined): boolean {
  return protocol === undefined || httpProtocols.has(protocol);
}

export function isTls(protocol: Protocol | undefined): boolean {
  return protocol !== undefined && tlsProtocols.has(protocol);
}
