import type { Locality, Origin } from './table.ts';

export interface Endpoint {
  /** IP address, host name for DNS clusters, or the path of a Unix socket with port 0. */
  address: string;
  port: number;
  weight: number;
  labels: Readonly<Record<string, string>>;
  /** It has a sidecar that takes mTLS (DR-R71). */
  tlsMode: 'istio' | 'disabled';
  /** Workload that it belongs to, for telemetry; empty where it is not known. */
  workload: string;
  namespace: string;
  serviceAccount: string;
  healthy: boolean;
  origin?: Origin;
}

/** Endpoints of one locality and priority. */
export interface LocalityEndpoints {
  locality: Locality;
  /** 0 is the first; compacted (DR-R47). */
  priority: number;
  /** Of the locality, for locality-weighted balancing. */
  weight: number;
  endpoints: readonly Endpoint[];
}

export type LoadBalancer = (
  | { policy: 'least-request' | 'round-robin' | 'random' }
  /** To the address that the connection had before it was redirected. */
  | { policy: 'original-destination' }
  | { policy: 'ring-hash'; minimumRingSize: number }
  | { policy: 'maglev'; tableSize: number }
) & {
  /** DR-R25; percent of the weight a host begins with. */
  warmup?: { durationMs: number; minimumPercent: number; aggression: number };
};

/** Limits of a cluster (DR-R50, DR-R51); absent: not limited. */
export interface CircuitBreakers {
  maxConnections?: number;
  maxPendingRequests?: number;
  maxRequests?: number;
  maxRetries?: number;
  /** Replaces maxRetries (DR-R54). */
  retryBudget?: { percent: number; minRetryConcurrency: number };
}

export interface ConnectionPool {
  connectTimeoutMs: number;
  /** 0: none (DR-R51). */
  idleTimeoutMs: number;
  maxRequestsPerConnection?: number;
  maxConnectionDurationMs?: number;
  maxConcurrentStreams?: number;
  tcpKeepalive?: { probes?: number; timeMs?: number; intervalMs?: number };
  /** Header names go to HTTP/1 endpoints, and come from them, as they are written. */
  preserveHeaderCase?: boolean;
}

/** DR-R60; a counter that is absent does not eject. */
export interface OutlierDetection {
  consecutive5xx?: number;
  consecutiveGatewayErrors?: number;
  /** Of connect failures, timeouts and resets, where local origin is split (DR-R65). */
  consecutiveLocalOrigin?: number;
  splitLocalOrigin: boolean;
  intervalMs: number;
  baseEjectionTimeMs: number;
  maxEjectionTimeMs: number;
  maxEjectionPercent: number;
}

export interface UpstreamTls {
  /** `auto`: mTLS to endpoints that have a sidecar, plain text to others (DR-R71). */
  mode: 'disable' | 'simple' | 'mutual' | 'istio-mutual' | 'auto';
  sni?: string;
  subjectAltNames?: readonly string[];
  /** The name of the request is asked for besides them. */
  verifyRequestName?: boolean;
  caFile?: string;
  /** Certificates that are not accepted any more. */
  crlFile?: string;
  certificateFile?: string;
  keyFile?: string;
  credentialName?: string;
  insecureSkipVerify?: boolean;
  /** Of TLS 1.2; absent: what the proxy takes. */
  cipherSuites?: readonly string[];
  /** Curves of the key exchange, by the names of TLS libraries; absent: what the proxy takes. */
  ecdhCurves?: readonly string[];
}

export interface Cluster {
  /** `outbound|<port>|<subset>|<host>`, `inbound|<port>||`, `PassthroughCluster`, `BlackHoleCluster` (MAP-R1 to R4). */
  name: string;
  direction: 'outbound' | 'inbound';
  /** Empty for the fixed clusters. */
  host: string;
  port: number;
  subset: string;
  /** Namespace of the service. */
  namespace: string;
  /** `static`: the endpoints as they are; `dns`: their names are resolved, all answers; `logical-dns`: the first answer. */
  discovery: 'static' | 'dns' | 'logical-dns' | 'original-destination';
  /** How often names are looked up at the latest, and for which addresses (MAP-R57); present where they are. */
  dns?: { refreshMs: number; family: 'ipv4' | 'ipv6' };
  /** `downstream`: as the client speaks (DR-R57). */
  protocol: 'http1' | 'http2' | 'downstream';
  loadBalancer: LoadBalancer;
  /** Below this percentage of healthy hosts all are used (DR-R24). */
  panicPercent: number;
  /** Localities are chosen by their weight (DR-R46, DR-R47). */
  localityWeighted: boolean;
  breakers: CircuitBreakers;
  pool: ConnectionPool;
  outlier?: OutlierDetection;
  tls: UpstreamTls;
  /** PROXY protocol version sent to the endpoint (DR-R73). */
  proxyProtocol?: 1 | 2;
  tunnel?: { protocol: string; targetHost: string; targetPort: number };
  /** Connections are made from this address: 127.0.0.6 inbound. */
  sourceAddress?: string;
  localities: readonly LocalityEndpoints[];
  /** The destination rule for its host, also where that says nothing about this cluster; of several that are merged, the one that wins. */
  rule?: Origin;
  /** The destination rules that shape it. */
  origins: readonly Origin[];
}

/** The cluster that sends on to the original destination, and the one that refuses (MAP-R4). */
export const passthroughCluster = 'PassthroughCluster';
export const blackHoleCluster = 'BlackHoleCluster';
/** The one that takes what comes to a port of the workload that nobody names. */
export const inboundPassthroughCluster = 'InboundPassthroughCluster';

/** MAP-R1 */
export function outboundClusterName(port: number, subset: string, host: string): string {
  return `outbound|${port}|${subset}|${host}`;
}
