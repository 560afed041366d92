// Where the values of a routing table are written, for people who ask why.
import type { Cluster } from './cluster.ts';
import type { Route, VirtualHost } from './route.ts';
import type { Origin } from './table.ts';

export type Source =
  /** In an object of the user: its field, or as near to it as is known. */
  | { kind: 'written'; origin: Origin }
  /** The mesh configuration has a value for whoever writes none: the path of its field, `connectTimeout`. */
  | { kind: 'mesh'; field: string }
  /** Nobody wrote it. */
  | { kind: 'default' };

/** What of a rule can be asked for. */
export type RouteField =
  | 'timeout'
  | 'retries'
  | 'retries.attempts'
  | 'retries.retryOn'
  | 'retries.perTryTimeout'
  | 'retries.backoff'
  | 'retries.hosts'
  | 'retries.priorities'
  | 'rewrite'
  | 'hash'
  | 'fault.delay'
  | 'fault.abort'
  | 'cors'
  | 'redirect'
  | 'directResponse';

/** What of a cluster can be asked for. */
export type ClusterField =
  | 'maxConnections'
  | 'maxPendingRequests'
  | 'maxRequests'
  | 'maxRetries'
  | 'retryBudget'
  | 'connectTimeout'
  | 'idleTimeout'
  | 'maxRequestsPerConnection'
  | 'maxConnectionDuration'
  | 'maxConcurrentStreams'
  | 'tcpKeepalive'
  | 'preserveHeaderCase'
  | 'outlier.consecutive5xx'
  | 'outlier.consecutiveGatewayErrors'
  | 'outlier.consecutiveLocalOrigin'
  | 'outlier.splitLocalOrigin'
  | 'outlier.interval'
  | 'outlier.baseEjectionTime'
  | 'outlier.maxEjectionTime'
  | 'outlier.maxEjectionPercent'
  | 'outlier.minHealthPercent'
  | 'loadBalancer'
  | 'tls'
  | 'protocol';

/** Tells where values of a table are from. `tableProvenance` knows the objects; `src/translate/provenance.ts` knows the fields. */
export interface Provenance {
  route(route: Route, host: VirtualHost, field: RouteField): Source;
  /** @param index among the clusters of the route's action */
  destination(route: Route, host: VirtualHost, index: number): Source;
  /** @param index among the mirrors of the route's action */
  mirror(route: Route, host: VirtualHost, index: number): Source;
  /** Destinations that are written with the weight 0, which a table does not have. */
  unweighted(route: Route, host: VirtualHost): readonly { cluster: string; source: Source }[];
  header(route: Route, host: VirtualHost, operation: HeaderOperation): Source;
  cluster(cluster: Cluster, field: ClusterField): Source;
  /** Undefined: the endpoints of the table are all that there is to know. */
  expected(cluster: Cluster): ExpectedEndpoints | undefined;
}

/** What can be told of a cluster without endpoints where its workloads run nowhere yet, as of a directory of manifests, or of files over a cluster. */
export interface ExpectedEndpoints {
  /** Those that will be its endpoints; absent: no workload is known at all. */
  workloads?: readonly Origin[];
  /** How many pods they will be; absent: nothing says it. */
  pods?: number;
}

/** An operation on a header, as a rule or one of its destinations asks for it. */
export interface HeaderOperation {
  message: 'request' | 'response';
  op: 'remove' | 'set' | 'add';
  /** As in the table. */
  name: string;
  /** Index among the clusters of the route's action; absent: of the rule, or of its only destination. */
  destination?: number;
}

/** What a table says itself: the rule of a route, and the rules that shape a cluster. */
export const tableProvenance: Provenance = {
  route: ({ origin }) => written(origin),
  destination: ({ origin }) => written(origin),
  mirror: ({ origin, action }, _host, index) => written((action.kind === 'forward' ? action.mirrors[index]?.origin : undefined) ?? origin),
  unweighted: () => [],
  header: ({ origin }) => written(origin),
  cluster: ({ origins }) => written(origins.at(-1)),
  expected: () => undefined,
};

export function written(origin: Origin | undefined): Source {
  return origin ? { kind: 'written', origin } : { kind: 'default' };
}
