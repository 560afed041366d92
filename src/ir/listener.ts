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
  certificateFile?: string;
  keyFile?: string;
  caFile?: string;
  subjectAltNames?: readonly string[];
  minVersion?: string;
  maxVersion?: string;
  cipherSuites?: readonly string[];
  alpn: readonly string[];
}

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
  /** HTTP/1.0 is accepted. */
  http10: boolean;
  preserveHeaderCase: boolean;
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
  /** Of the service, Gateway or Sidecar that it is for. */
  origin?: Origin;
}
