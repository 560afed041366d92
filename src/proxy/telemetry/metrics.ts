import type { Cluster } from '../../ir/cluster.ts';
import type { RoutingTable } from '../../ir/table.ts';
import { hostKey } from '../core/balance/shared-state.ts';
import type { ExchangeRecord } from '../core/exchange-record.ts';
import { type AuthorizationCounters, AuthorizationMetrics } from './authorization-counters.ts';
import { type ClusterCounters, ClusterMetrics } from './cluster-counters.ts';
import type { Direction, Naming } from './ends-cache.ts';
import { type ListenerCounters, ListenerMetrics } from './listener-counters.ts';
import type { MetricFamily } from './metric-snapshot.ts';
import { RequestMetrics } from './request-metrics.ts';
import { TcpMetrics } from './tcp-metrics.ts';
import { endpointLabels, proxyLabels, unknownWorkload } from './workload-labels.ts';

export interface MetricsOptions {
  /** Name of the Kubernetes cluster; default `Kubernetes`. */
  clusterId?: string;
}

/** Everything that one thread counts. */
export class Metrics {
  readonly outbound: RequestMetrics;
  readonly inbound: RequestMetrics;
  readonly tcpOutbound: TcpMetrics;
  readonly tcpInbound: TcpMetrics;
  private readonly clusters = new ClusterMetrics();
  private readonly listeners = new ListenerMetrics();
  private readonly authorizations = new AuthorizationMetrics();
  private readonly clusterId: string;

  constructor(table: RoutingTable, options: MetricsOptions = {}) {
    this.clusterId = options.clusterId ?? 'Kubernetes';
    const naming = this.naming(table);
    this.outbound = new RequestMetrics('outbound', naming, this.clusters);
    this.inbound = new RequestMetrics('inbound', naming, this.clusters);
    this.tcpOutbound = new TcpMetrics('outbound', naming);
    this.tcpInbound = new TcpMetrics('inbound', naming);
  }

  /** Names of a new table; what was counted stays. */
  setTable(table: RoutingTable): void {
    const naming = this.naming(table);
    for (const metrics of [this.outbound, this.inbound, this.tcpOutbound, this.tcpInbound]) metrics.rename(naming);
    this.clusters.retain(new Set(table.clusters.map(({ name }) => name)));
  }

  /** Once for each finished request, mirrored ones excepted (TEL-R5). */
  recordRequest(record: ExchangeRecord, direction: Direction): void {
    (direction === 'outbound' ? this.outbound : this.inbound).record(record);
  }

  /** For what happens within a request: retried responses, tries that took too long. */
  cluster(name: string): ClusterCounters {
    return this.clusters.of(name);
  }

  listener(name: string): ListenerCounters {
    return this.listeners.of(name);
  }

  /** @param prefix of a filter chain's statistics, as of `AuthorizationMetrics` */
  authorization(prefix: string): AuthorizationCounters {
    return this.authorizations.of(prefix);
  }

  /** Counters begin at zero; what is active stays. */
  reset(): void {
    for (const metrics of [this.outbound, this.inbound, this.tcpOutbound, this.tcpInbound, this.clusters, this.listeners, this.authorizations]) metrics.reset();
  }

  /**
   * Plain data, to be merged with that of other threads (`mergeSnapshots`).
   *
   * @param clusters with the counters of each cluster (TEL-R7), which a scrape usually does not want
   */
  snapshot(clusters = true): MetricFamily[] {
    const families = [this.outbound, this.inbound, this.tcpOutbound, this.tcpInbound].flatMap((metrics) => metrics.families());
    return [...joinFamilies(families), ...(clusters ? this.clusters.families() : []), ...this.listeners.families(), ...this.authorizations.families()];
  }

  private naming(table: RoutingTable): Naming {
    const clusters = new Map(table.clusters.map((cluster) => [cluster.name, cluster]));
    return {
      cluster: (name) => clusters.get(name),
      destination: (cluster, host) => (cluster === undefined ? unknownWorkload : endpointLabels(endpointOf(cluster, host), this.clusterId)),
      self: proxyLabels(table.proxy, this.clusterId),
      hostHeaderFallback: table.proxy.role === 'sidecar',
    };
  }
}

/** By its address; of names that were resolved the only endpoint there is, if there is only one. */
function endpointOf(cluster: Cluster, host: string): Cluster['localities'][number]['endpoints'][number] | undefined {
  const endpoints = cluster.localities.flatMap((locality) => locality.endpoints);
  const isResolved = cluster.discovery === 'dns' || cluster.discovery === 'logical-dns';
  return endpoints.find(({ address, port }) => hostKey(address, port) === host) ?? (isResolved && endpoints.length === 1 ? endpoints[0] : undefined);
}

/** Both directions have the same families. */
function joinFamilies(families: readonly MetricFamily[]): MetricFamily[] {
  const byName = new Map<string, MetricFamily>();
  for (const family of families) {
    const known = byName.get(family.name);
    if (known) known.series.push(...family.series);
    else byName.set(family.name, family);
  }
  return [...byName.values()];
}
