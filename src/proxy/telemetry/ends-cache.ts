import { blackHoleCluster, type Cluster, passthroughCluster } from '../../ir/cluster.ts';
import type { ExchangeRecord } from '../core/exchange-record.ts';
import { type ServiceLabels, serviceOf, unknown, type WorkloadLabels } from './workload-labels.ts';

export type Direction = 'outbound' | 'inbound';

/** How the two ends of a request are named; asked once for each pair of cluster and endpoint. */
export interface Naming {
  /** Of the table in force. */
  cluster(name: string): Cluster | undefined;
  /** The workload behind an endpoint, `ip:port`, of a cluster. */
  destination(cluster: Cluster | undefined, host: string): WorkloadLabels;
  /** The proxy's own. */
  self: WorkloadLabels;
  /** The Host header names the service where no cluster does: at sidecars, for outbound requests. */
  hostHeaderFallback: boolean;
}

/** Host headers that become labels; clients make them up, so further ones are counted as unknown. */
const mostFallbackHosts = 1000;
/** Endpoints of clusters that send on to whatever address a client meant are not bounded by the table. */
const mostRemembered = 10_000;

/**
 * Finds what is kept for the two ends of a request by the texts that the record has already, without making a key for each request.
 */
export class EndsCache<T> {
  private readonly direction: Direction;
  private naming: Naming;
  private readonly make: (labels: readonly string[], record: ExchangeRecord) => T;
  /** Cluster → endpoint. */
  private readonly byCluster = new Map<string, Map<string, T>>();
  /** Host header → route: what went to no cluster, and to the original destination. */
  private readonly byHostHeader = new Map<string, Map<string, T>>();
  private readonly passthrough = new Map<string, Map<string, T>>();
  /** Identity of the client → cluster. */
  private readonly byPrincipal = new Map<string, Map<string, T>>();
  private readonly fallbackHosts = new Set<string>();

  /** @param make of the labels that the outcome does not change: name, value … in the order of TEL-R2, connection_security_policy last */
  constructor(direction: Direction, naming: Naming, make: (labels: readonly string[], record: ExchangeRecord) => T) {
    this.direction = direction;
    this.naming = naming;
    this.make = make;
  }

  /** Names of a new table. */
  rename(naming: Naming): void {
    this.naming = naming;
    this.clear();
  }

  clear(): void {
    for (const map of [this.byCluster, this.byHostHeader, this.passthrough, this.byPrincipal]) map.clear();
  }

  of(record: ExchangeRecord): T {
    const { cluster, upstreamHost } = record;
    if (this.direction === 'inbound') {
      const principal = record.peerUriSans[0];
      if (principal !== undefined) return this.found(this.byPrincipal, principal, cluster, record);
    } else if (cluster === '') return this.found(this.byHostHeader, this.fallbackHost(record), record.route, record);
    else if (cluster === passthroughCluster) return this.found(this.passthrough, this.fallbackHost(record), record.route, record);
    return this.found(this.byCluster, cluster, upstreamHost, record);
  }

  /** Two steps instead of one key, because a key would have to be made for each request. */
  private found(map: Map<string, Map<string, T>>, first: string, second: string, record: ExchangeRecord): T {
    let inner = map.get(first);
    if (!inner) {
      inner = new Map();
      map.set(first, inner);
    }
    let ends = inner.get(second);
    if (ends === undefined) {
      if (inner.size >= mostRemembered) inner.clear();
      ends = this.make(this.labels(record), record);
      inner.set(second, ends);
    }
    return ends;
  }

  private fallbackHost({ authority }: ExchangeRecord): string {
    if (!this.naming.hostHeaderFallback || authority === '') return unknown;
    if (this.fallbackHosts.has(authority)) return authority;
    if (this.fallbackHosts.size >= mostFallbackHosts) return unknown;
    this.fallbackHosts.add(authority);
    return authority;
  }

  /** TEL-R2, TEL-R3 */
  private labels(record: ExchangeRecord): string[] {
    const { naming } = this;
    const cluster = record.cluster === '' ? undefined : naming.cluster(record.cluster);
    const inbound = this.direction === 'inbound';
    const principal = record.peerUriSans[0];
    const source = inbound ? unknownSource(principal) : naming.self;
    const destination = inbound ? naming.self : naming.destination(cluster, record.upstreamHost);
    const service = this.serviceOf(record, cluster);
    return Object.entries({
      reporter: inbound ? 'destination' : 'source',
      source_workload: source.workload,
      source_canonical_service: source.canonicalService,
      source_canonical_revision: source.canonicalRevision,
      source_workload_namespace: source.namespace,
      source_principal: source.principal,
      source_app: source.app,
      source_version: source.version,
      source_cluster: source.cluster,
      destination_workload: destination.workload,
      destination_workload_namespace: destination.namespace,
      destination_principal: inbound && principal !== undefined ? (record.localUriSans[0] ?? unknown) : destination.principal,
      destination_app: destination.app,
      destination_version: destination.version,
      destination_service: service.host,
      destination_service_name: service.name,
      destination_service_namespace: service.namespace,
      destination_canonical_service: destination.canonicalService,
      destination_canonical_revision: destination.canonicalRevision,
      destination_cluster: destination.cluster,
      connection_security_policy: !inbound ? unknown : principal === undefined ? 'none' : 'mutual_tls',
    }).flat();
  }

  private serviceOf(record: ExchangeRecord, cluster: Cluster | undefined): ServiceLabels {
    const service = cluster && serviceOf(cluster);
    if (service) return service;
    const namespace = this.direction === 'inbound' ? this.naming.self.namespace : unknown;
    return { host: this.direction === 'inbound' ? unknown : this.fallbackHost(record), name: fixedName(record), namespace };
  }
}

/** TEL-R3: by the cluster, or by the route that stands for it. */
function fixedName({ cluster, route }: ExchangeRecord): string {
  if (cluster === passthroughCluster || cluster === blackHoleCluster) return cluster;
  if (route === 'allow_any') return passthroughCluster;
  if (route === 'block_all') return blackHoleCluster;
  return unknown;
}

const namespaceOfPrincipal = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\//;

/** Without the exchange of metadata a client is known by its certificate alone. */
function unknownSource(principal: string | undefined): WorkloadLabels {
  const namespace = principal === undefined ? undefined : namespaceOfPrincipal.exec(principal)?.[1];
  return {
    workload: unknown,
    namespace: namespace ?? unknown,
    canonicalService: unknown,
    canonicalRevision: unknown,
    principal: principal ?? unknown,
    app: unknown,
    version: unknown,
    cluster: unknown,
  };
}

/** Labels of the outcome have their place before the last one of the ends (TEL-R2). */
export function withOutcome(ends: readonly string[], outcome: readonly string[]): string[] {
  return [...ends.slice(0, -2), ...outcome, ...ends.slice(-2)];
}
