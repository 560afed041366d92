// What becomes of requests for hosts that nobody has.
import { blackHoleCluster } from './cluster.ts';
import type { RouteAction, VirtualHost } from './route.ts';

/**
 * The virtual host for every host that no other one is for (SEL-R72, SEL-R73, SEL-R76).
 *
 * @param cluster to which they go on; that which refuses everything: they are answered with 502
 */
export function catchAll(cluster: string, includeAttemptCount: boolean): VirtualHost {
  const host =
    cluster === blackHoleCluster ? takingAll('block_all', ['*'], { kind: 'direct', status: 502, body: '' }) : takingAll('allow_any', ['*'], forwardTo(cluster));
  return { ...host, includeAttemptCount };
}

/** A virtual host that does the same with every request. */
export function takingAll(name: string, domains: readonly string[], action: RouteAction): VirtualHost {
  const route = { name, match: { path: undefined, headers: [], query: [] }, action };
  return { name, domains, routes: [route], includeAttemptCount: true, requireTls: false };
}

/** Without any policy. */
export function forwardTo(cluster: string): RouteAction {
  return {
    kind: 'forward',
    clusters: [{ cluster, weight: 1 }],
    appendForwardedHost: false,
    timeoutMs: 0,
    maxGrpcTimeoutMs: 0,
    mirrors: [],
    hash: [],
    missingClusterStatus: 503,
  };
}
