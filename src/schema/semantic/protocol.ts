// Protocols of ports as Istio's own kinds name them (`port.protocol`); upper and lower case are the same.

const http: ReadonlySet<string> = new Set(['http', 'http2', 'http_proxy', 'grpc', 'grpc-web']);
const tls: ReadonlySet<string> = new Set(['https', 'tls']);
const tcp: ReadonlySet<string> = new Set([...tls, 'tcp', 'mongo', 'redis', 'mysql']);

/** The protocols for people, without those that no port of a server has. */
export const protocolNames = 'HTTP, HTTP2, GRPC, GRPC-WEB, HTTPS, TLS, TCP, MONGO, REDIS and MYSQL';

export function isKnownProtocol(protocol: string | undefined): boolean {
  return isHttpProtocol(protocol) || isTcpProtocol(protocol) || protocol?.toLowerCase() === 'udp';
}

/** Requests are visible: HTTP in any version, and gRPC. */
export function isHttpProtocol(protocol: string | undefined): boolean {
  return http.has(protocol?.toLowerCase() ?? '');
}

/** Encrypted by the client: HTTPS and TLS. */
export function isTlsProtocol(protocol: string | undefined): boolean {
  return tls.has(protocol?.toLowerCase() ?? '');
}

/** Connections, with TLS or without. */
export function isTcpProtocol(protocol: string | undefined): boolean {
  return tcp.has(protocol?.toLowerCase() ?? '');
}
