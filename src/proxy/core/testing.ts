// Requests and routes for tests of the core.
import type { ForwardAction, Route, RouteAction, RouteConfig, VirtualHost } from '../../ir/route.ts';
import type { RouteMatch } from '../../ir/route-match.ts';
import { CompiledRoute } from './compiled-route.ts';
import { ExchangeRecord } from './exchange-record.ts';
import type { Headers } from './headers.ts';
import { pathEndOf } from './path.ts';
import { type DownstreamConnection, type DownstreamHead, HeadPolicy } from './request-head.ts';
import { RequestIds } from './request-id.ts';

export const anyMatch: RouteMatch = { path: undefined, headers: [], query: [] };

export function forward(more: Partial<ForwardAction> = {}): ForwardAction {
  return {
    kind: 'forward',
    clusters: [{ cluster: 'outbound|8080||reviews.shop.svc.cluster.local', weight: 1 }],
    appendForwardedHost: false,
    timeoutMs: 0,
    maxGrpcTimeoutMs: 0,
    mirrors: [],
    hash: [],
    missingClusterStatus: 503,
    ...more,
  };
}

export function route(action: RouteAction = forward(), more: Partial<Route> = {}): Route {
  return { name: '', match: anyMatch, action, ...more };
}

export function virtualHost(domains: readonly string[], routes: readonly Route[], more: Partial<VirtualHost> = {}): VirtualHost {
  return { name: `${domains[0]}:8080`, domains, routes, includeAttemptCount: true, requireTls: false, ...more };
}

export function routeConfig(...virtualHosts: VirtualHost[]): RouteConfig {
  return { name: '8080', virtualHosts, ignorePortInHost: true };
}

export function compiled(of: Route, includeAttemptCount = true): CompiledRoute {
  const problems: string[] = [];
  const made = new CompiledRoute(of, { name: 'reviews:8080', includeAttemptCount }, 0, {}, problems);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return made;
}

/** A record of a request that was conditioned already. */
export function record(path = '/', headers: Headers = [], more: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return Object.assign(new ExchangeRecord(), { method: 'GET', path, pathEnd: pathEndOf(path), authority: 'reviews', scheme: 'http', headers, ...more });
}

export const sidecar = new HeadPolicy(
  { serverName: 'envoy', useRemoteAddress: false, trustedHops: 0, forwardClientCert: 'sanitize' },
  { egress: true, pathNormalization: 'base', nodeAddress: '192.0.2.2' },
);

export function gateway(trustedHops: number): HeadPolicy {
  return new HeadPolicy(
    { serverName: 'istio-envoy', useRemoteAddress: true, trustedHops, forwardClientCert: 'sanitize-set' },
    { egress: true, pathNormalization: 'base', nodeAddress: '192.0.2.2' },
  );
}

export const inbound = new HeadPolicy(
  { serverName: 'istio-envoy', useRemoteAddress: false, trustedHops: 0, forwardClientCert: 'append-forward', clientCertDetails: ['subject', 'dns', 'uri'] },
  { egress: false, pathNormalization: 'base', nodeAddress: '192.0.2.2' },
);

/** Ids made of zeros. */
export const ids = new RequestIds((bytes) => bytes.fill(0));
export const id = '00000000-0000-4000-8000-000000000000';

export function connection(more: Partial<DownstreamConnection> = {}): DownstreamConnection {
  return { id: 1, remoteAddress: '198.51.100.7', remotePort: 40_000, localAddress: '10.244.1.50', localPort: 8080, serverName: '', ...more };
}

export function head(more: Partial<DownstreamHead> = {}): DownstreamHead {
  return { method: 'GET', path: '/', authority: 'reviews', scheme: undefined, headers: [], version: 'HTTP/1.1', ...more };
}

/** Draws the given numbers in turn, the last one again and again. */
export function draws(...numbers: number[]): () => number {
  let at = 0;
  return () => numbers[Math.min(at++, numbers.length - 1)] as number;
}
