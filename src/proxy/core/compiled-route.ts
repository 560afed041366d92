import type { ForwardAction, Route, RouteCluster } from '../../ir/route.ts';
import type { Random } from './clock.ts';
import { CompiledCors } from './cors.ts';
import type { FormatOptions } from './format.ts';
import { compileHeaderOps, type HeaderMutations } from './header-ops.ts';
import { CompiledRetry } from './retry.ts';
import { compileRewrite, type Rewrite } from './rewrite.ts';

/** One of the clusters of a route. */
export class CompiledCluster implements RouteCluster {
  readonly cluster: string;
  readonly weight: number;
  readonly headers: RouteCluster['headers'];
  /** Replaces the authority before the route does; undefined: it does not. */
  readonly authority: string | undefined;
  /** Sum of the weights up to this one. */
  readonly cumulative: number;
  readonly request: HeaderMutations | undefined;
  readonly response: HeaderMutations | undefined;

  constructor(
    of: RouteCluster,
    cumulative: number,
    authority: string | undefined,
    request: HeaderMutations | undefined,
    response: HeaderMutations | undefined,
  ) {
    this.cluster = of.cluster;
    this.weight = of.weight;
    this.headers = of.headers;
    this.authority = authority;
    this.cumulative = cumulative;
    this.request = request;
    this.response = response;
  }
}

/** A route with everything computed that does not depend on the request. */
export class CompiledRoute {
  readonly route: Route;
  readonly name: string;
  readonly virtualHost: string;
  /** Position among the routes of the virtual host. */
  readonly index: number;
  readonly includeAttemptCount: boolean;
  /** `''`: none. */
  readonly decorator: string;
  /** Undefined for redirects and direct responses. */
  readonly forward: ForwardAction | undefined;
  /** Empty for redirects and direct responses. */
  readonly clusters: readonly CompiledCluster[];
  readonly totalWeight: number;
  readonly request: HeaderMutations | undefined;
  readonly response: HeaderMutations | undefined;
  readonly rewrite: Rewrite | undefined;
  readonly authority: string | undefined;
  readonly retry: CompiledRetry | undefined;
  readonly cors: CompiledCors | undefined;
  /** Body of a direct response. */
  readonly body: Uint8Array | undefined;

  constructor(route: Route, virtualHost: { name: string; includeAttemptCount: boolean }, index: number, options: FormatOptions, problems: string[]) {
    this.route = route;
    this.name = route.name;
    this.virtualHost = virtualHost.name;
    this.index = index;
    this.includeAttemptCount = virtualHost.includeAttemptCount;
    this.decorator = route.decorator ?? '';
    const action = route.action;
    const forward = action.kind === 'forward' ? action : undefined;
    this.forward = forward;
    // Of a single destination the operations belong to the route, behind the route's own (RT-R32); of several each level stands
    // for itself, the destination's first (RT-R33).
    const single = forward?.clusters.length === 1 ? forward.clusters[0] : undefined;
    this.request = compileHeaderOps([route.headers?.request, single?.headers?.request], 'request', options, problems);
    this.response = compileHeaderOps([route.headers?.response, single?.headers?.response], 'response', options, problems);
    this.authority = forward?.authority ?? single?.authority;
    const clusters: CompiledCluster[] = [];
    let cumulative = 0;
    for (const cluster of forward?.clusters ?? []) {
      cumulative += cluster.weight;
      clusters.push(
        single
          ? new CompiledCluster(cluster, cumulative, undefined, undefined, undefined)
          : new CompiledCluster(
              cluster,
              cumulative,
              cluster.authority,
              compileHeaderOps([cluster.headers?.request], 'request', options, problems),
              compileHeaderOps([cluster.headers?.response], 'response', options, problems),
            ),
      );
    }
    this.clusters = clusters;
    this.totalWeight = cumulative;
    this.rewrite = compileRewrite(route, problems);
    this.retry = forward?.retry && new CompiledRetry(forward.retry);
    this.cors = forward?.cors && new CompiledCors(forward.cors);
    this.body = action.kind === 'direct' ? (action.binary ? decodeBase64(action.body) : new TextEncoder().encode(action.body)) : undefined;
  }
}

/** One draw a request: retries stay in the cluster (RT-R2, RT-R3). The route forwards. */
export function chooseCluster(route: CompiledRoute, random: Random): CompiledCluster {
  const { clusters } = route;
  const only = clusters[0] as CompiledCluster;
  if (clusters.length === 1 || route.totalWeight <= 0) return only;
  const drawn = random() * route.totalWeight;
  for (const cluster of clusters) if (drawn < cluster.cumulative) return cluster;
  return clusters[clusters.length - 1] as CompiledCluster;
}

/** What is no base64 ends the body there. */
function decodeBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64');
}
