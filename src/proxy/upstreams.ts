import type { Cluster } from '../ir/cluster.ts';
import { ClusterState } from './core/balance/cluster-state.ts';
import type { Host } from './core/balance/host.ts';
import type { StateArena } from './core/balance/shared-state.ts';
import type { Clock, Random } from './core/clock.ts';
import { isResolved, type Resolution, type Resolve } from './dns.ts';
import type { UpstreamPool } from './stream.ts';

export type UpstreamProtocol = 'http1' | 'http2';

/** Makes the pool of connections to one endpoint. */
export type PoolFactory = (cluster: UpstreamCluster, host: Host, protocol: UpstreamProtocol) => UpstreamPool;

export interface UpstreamDeps {
  clock: Clock;
  random: Random;
  arena: StateArena;
  pool: PoolFactory;
  resolve: Resolve;
}

interface HostPools {
  http1: UpstreamPool | undefined;
  http2: UpstreamPool | undefined;
}

/** A cluster of the table with its state and its connections. */
export class UpstreamCluster {
  readonly name: string;
  readonly state: ClusterState;
  cluster: Cluster;
  private readonly deps: UpstreamDeps;
  private readonly pools = new Map<Host, HostPools>();
  private dns: Resolution | undefined;

  constructor(cluster: Cluster, deps: UpstreamDeps) {
    this.name = cluster.name;
    this.cluster = cluster;
    this.deps = deps;
    this.state = new ClusterState(withoutNames(cluster), deps);
    this.state.onHostRemoved = (host) => this.drainHost(host);
    this.resolve();
  }

  /** Endpoints that stay keep their connections, counters and ejections. */
  update(cluster: Cluster): void {
    if (cluster === this.cluster) return;
    const before = this.cluster;
    this.cluster = cluster;
    const sameNames = isResolved(cluster) && JSON.stringify(cluster.localities) === JSON.stringify(before.localities);
    // What names stand for stays until new ones are resolved: there is always somewhere to send a request.
    this.state.update(isResolved(cluster) ? { ...cluster, localities: this.state.cluster.localities } : cluster);
    if (!sameNames || JSON.stringify(poolSettings(before)) !== JSON.stringify(poolSettings(cluster))) {
      if (JSON.stringify(poolSettings(before)) !== JSON.stringify(poolSettings(cluster))) this.dropPools();
      if (!sameNames) {
        this.dns?.close();
        this.dns = undefined;
        this.resolve();
      }
    }
    this.dropGone();
  }

  /** Connections to an endpoint; made at first use. */
  pool(host: Host, protocol: UpstreamProtocol): UpstreamPool {
    let pools = this.pools.get(host);
    if (!pools) {
      pools = { http1: undefined, http2: undefined };
      this.pools.set(host, pools);
    }
    let pool = pools[protocol];
    if (!pool) {
      pool = this.deps.pool(this, host, protocol);
      pools[protocol] = pool;
    }
    return pool;
  }

  close(): void {
    this.dns?.close();
    this.dropPools();
    this.state.close();
  }

  destroy(): void {
    this.dns?.close();
    for (const { http1, http2 } of this.pools.values()) {
      http1?.destroy();
      http2?.destroy();
    }
    this.pools.clear();
  }

  private resolve(): void {
    if (!isResolved(this.cluster)) return;
    this.dns = this.deps.resolve(this.cluster, (localities) => {
      this.state.update({ ...this.cluster, localities });
      this.dropGone();
    });
  }

  private dropGone(): void {
    const hosts = new Set(this.state.hosts);
    for (const host of this.pools.keys()) if (!hosts.has(host) && this.cluster.discovery !== 'original-destination') this.drainHost(host);
  }

  private dropPools(): void {
    for (const host of [...this.pools.keys()]) this.drainHost(host);
  }

  private drainHost(host: Host): void {
    const pools = this.pools.get(host);
    pools?.http1?.drain();
    pools?.http2?.drain();
    this.pools.delete(host);
  }
}

/** Names are no addresses: a DNS cluster has no endpoints before its first answer. */
function withoutNames(cluster: Cluster): Cluster {
  return isResolved(cluster) ? { ...cluster, localities: [] } : cluster;
}

/** What a connection was made with; when it changes, new requests need new connections. */
function poolSettings({ pool, tls, protocol, proxyProtocol, sourceAddress }: Cluster): unknown {
  return { pool, tls, protocol, proxyProtocol, sourceAddress };
}

/** The clusters of the table in force, by name. */
export class Upstreams {
  private readonly deps: UpstreamDeps;
  private readonly clusters = new Map<string, UpstreamCluster>();

  constructor(deps: UpstreamDeps) {
    this.deps = deps;
  }

  get(name: string): UpstreamCluster | undefined {
    return this.clusters.get(name);
  }

  all(): IterableIterator<UpstreamCluster> {
    return this.clusters.values();
  }

  /** Requests under way at a cluster that goes end as they would have. */
  apply(clusters: readonly Cluster[]): void {
    const names = new Set<string>();
    for (const cluster of clusters) {
      names.add(cluster.name);
      const found = this.clusters.get(cluster.name);
      if (found && found.cluster.discovery === cluster.discovery) found.update(cluster);
      else {
        found?.close();
        this.clusters.set(cluster.name, new UpstreamCluster(cluster, this.deps));
      }
    }
    for (const [name, cluster] of this.clusters) {
      if (names.has(name)) continue;
      this.clusters.delete(name);
      cluster.close();
    }
  }

  /** Lets outlier detection give ejected endpoints back when their time is over: several times within its shortest interval. */
  tick(): void {
    const now = this.deps.clock.now();
    for (const { state } of this.clusters.values()) state.tick(now);
  }

  destroy(): void {
    for (const cluster of this.clusters.values()) cluster.destroy();
    this.clusters.clear();
  }
}
