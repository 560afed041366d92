import type { Backend } from '../backend.ts';
import type { Running } from '../processes.ts';

/** Hosts that every proxy routes, the one to HTTP/1.1 endpoints and the other to HTTP/2. */
export const hosts = { http1: 'app.bench.example', http2: 'app2.bench.example' } as const;

/** Path of the n-th route: the routes are prefixes that share their begin, as those of an API do. */
export const routePath = (n: number): string => `/api/v1/resource-${n}/`;

export interface Setup {
  /** Of each host; the last one is asked for. */
  routes: number;
  accessLog: boolean;
  backend: Backend;
  /** For its files. */
  folder: string;
  port: number;
}

/** A proxy that is compared: retries, timeouts, outlier detection, circuit breakers and metrics on, one thread. */
export interface Peer {
  readonly name: string;
  /** It has HTTP/2 on both sides. */
  readonly http2: boolean;
  start(setup: Setup): Promise<Running>;
}

/** The policies of all peers, as far as each has them. */
export const policies = {
  timeoutSeconds: 10,
  attempts: 2,
  perTryTimeoutSeconds: 3,
  retryOn: 'connect-failure,refused-stream,unavailable,cancelled',
  maxConnections: 1000,
  maxPendingRequests: 1000,
  maxRequests: 1000,
  consecutive5xx: 5,
  intervalSeconds: 10,
  ejectionSeconds: 30,
  maxEjectionPercent: 50,
} as const;
