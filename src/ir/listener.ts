import type { Origin } from './table.ts';

/** When a filter chain takes a connection; every condition that is there holds. The most specific chain wins, as in Envoy. */
export interface FilterChainMatch {
  /** Names of the TLS server name indication: exact, or `*.suffix`; lower case. Empty: any, or no TLS. */
  serverNames?: readonly string[];
  /** CIDR blocks of the original destination. */
  destinationCidrs?: readonly string[];
  destinationPort?: number;
  /** `tls`: the connection begins with a ClientHello. */
  transport?: 'tls' | 'raw_buffer';
  /** `http/1.1` and `h2c` for detected plain text, else ALPN of the ClientHello. */
  applicationProtocols?: readonly string[];
}

/** TLS that is terminated at a listener. */
export interface DownstreamTls {
  mode: 'SIMPLE' | 'MUTUAL' | 'OPTIONAL_MUTUAL' | 'ISTIO_MUTUAL' | 'PERMISSIVE';
  credentialName?: string;
  /** Of the certificates of clients; absent: with the credential of the server. */
  caCredentialName?: string;
  certificateFile?: string;
  keyFile?: string;
  caFile?: string;
  /** Further certificates, of which the client's algorithms choose one. */
  moreCredentialNames?: readonly string[];
  moreCertificates?: readonly { certificateFile: string; keyFile: string }[];
  subjectAltNames?: readonly string[];
  minVersion?: string;
  maxVersion?: string;
  cipherSuites?: readonly string[];
  /** Curves of the key exchange, by the names of TLS libraries; absent: what the proxy takes. */
  ecdhCurves?: readonly string[];
  /** Of clients: file of certificates that are revoked. */
  crlFile?: string;
  /** Of clients: SHA-256 of the public key, in base64; of the certificate, in hex. One of either list is enough. */
  certificateSpkis?: readonly string[];
  certificateHashes?: readonly string[];
  alpn: readonly string[];
}

/** What of a client's certificate goes on to the server, in x-forwarded-client-cert. */
export type ClientCertDetail = 'subject' | 'cert' | 'chain' | 'dns' | 'uri';

/** HTTP/1.1 and HTTP/2 on a connection, detected by its first bytes. */
export interface HttpFilter {
  kind: 'http';
  /** Name of a route configuration. */
  routes: string;
  /** Value of the `server` header: `envoy` at sidecars outbound, `istio-envoy` else (RT-R36). */
  serverName: string;
  /** The socket's peer is the client and is appended to x-forwarded-for (gateways); else it is trusted as it is (sidecars). */
  useRemoteAddress: boolean;
  /** Proxies in front that append to x-forwarded-for. */
  trustedHops: number;
  /** RT-R43 */
  forwardClientCert: 'sanitize' | 'append-forward' | 'sanitize-set' | 'forward-only' | 'always-forward-only';
  /** Of a client with mTLS, where its certificate is forwarded (SEC-R6). */
  clientCertDetails?: readonly ClientCertDetail[];
  /** HTTP/1.0 is accepted. */
  http10: boolean;
  preserveHeaderCase: boolean;
  /** Responses keep the `server` header that they came with. Only Envoy can. */
  passServerHeader?: true;
  /** Requests without an x-request-id get none. Only Envoy can. */
  noRequestId?: true;
  /** Headers that tell about the proxy itself (x-envoy-attempt-count, x-envoy-upstream-service-time …) are not added. Only Envoy can. */
  noProxyHeaders?: true;
  /** Calls of gRPC-Web go on as gRPC. Only Envoy can. */
  grpcWeb?: true;
  idleTimeoutMs?: number;
  /** 0: none. */
  streamIdleTimeoutMs: number;
  maxRequestHeadersKb: number;
  http2MaxConcurrentStreams?: number;
}

/** Bytes to one of some clusters, chosen once a connection (TCP-R7). */
export interface TcpFilter {
  kind: 'tcp';
  clusters: readonly { cluster: string; weight: number }[];
  statPrefix: string;
  idleTimeoutMs?: number;
  maxConnectionDurationMs?: number;
  hashSourceIp: boolean;
  /** The endpoint is an HTTP proxy that is asked for a tunnel to this host (DR-R73). Only Envoy can. */
  tunnel?: { method: 'CONNECT' | 'POST'; host: string; port: number };
  origin?: Origin;
}

export interface FilterChain {
  /** As in the access log (MAP-R7). */
  name: string;
  match: FilterChainMatch;
  tls?: DownstreamTls;
  filter: HttpFilter | TcpFilter;
}

export interface Listener {
  /** `<ip>_<port>`, `0.0.0.0_<port>`, `virtualOutbound`, `virtualInbound` (MAP-R6). */
  name: string;
  direction: 'outbound' | 'inbound';
  address: string;
  /** Further addresses of the same listener. */
  moreAddresses?: readonly string[];
  port: number;
  /** It has a socket of its own; else connections come by their original destination (SEL-R40). */
  bind: boolean;
  chains: readonly FilterChain[];
  /** Takes what no chain takes; without it the connection is closed (SEL-R75). */
  defaultChain?: FilterChain;
  /** The first bytes are looked at for HTTP (SEL-R44), for TLS. */
  inspectHttp: boolean;
  inspectTls: boolean;
  /** 0: waits for the first bytes without an end. */
  detectionTimeoutMs: number;
  /** Connections come with the addresses that they had (interception mode TPROXY), and go on with them. Only Envoy can. */
  transparent?: true;
  /** Connections begin with a PROXY header that says where they come from. Only Envoy can. */
  proxyProtocol?: true;
  /** Of the service, Gateway or Sidecar that it is for. */
  origin?: Origin;
}

/** All chains of a listener: the default one is the last. */
export function chainsOf({ chains, defaultChain }: Pick<Listener, 'chains' | 'defaultChain'>): readonly FilterChain[] {
  return defaultChain ? [...chains, defaultChain] : chains;
}
