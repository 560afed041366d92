import type { Cluster, Endpoint } from '../ir/cluster.ts';
import { ClusterState } from './core/balance/cluster-state.ts';
import type { Host } from './core/balance/host.ts';
import type { StateArena } from './core/balance/shared-state.ts';
import type { Clock, Random } from './core/clock.ts';
import { isResolved, type Resolution, type Resolve } from './dns.ts';
import type { UpstreamPool } from './stream.ts';
import { hostOfAuthority, namesOfRequest } from './tls/upstream-settings.ts';

export type UpstreamProtocol = 'http1' | 'http2';

/** Makes the pool of connections to one endpoint. `name`: of the host of requests, where TLS needs it; else empty. */
export type PoolFactory = (cluster: UpstreamCluster, host: Host, protocol: UpstreamProtocol, name: string) => UpstreamPool;

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
  /** By protocol and name, where each name needs connections of its own. */
  named: Map<string, UpstreamPool> | undefined;
  /** Of the endpoint when they were made. */
  tlsMode: Endpoint['tlsMode'];
}

/** Names of requests are the client's to choose: more than these do not keep their connections. */
const mostNamedPools = 64;

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

  /**
   * Connections to an endpoint; made at first use.
   *
   * @param authority of the request
   */
  pool(host: Host, protocol: UpstreamProtocol, authority: string): UpstreamPool {
    let pools = this.pools.get(host);
    if (pools && pools.tlsMode !== host.endpoint.tlsMode) {
      this.drainHost(host);
      pools = undefined;
    }
    if (!pools) {
      pools = { http1: undefined, http2: undefined, named: undefined, tlsMode: host.endpoint.tlsMode };
      this.pools.set(host, pools);
    }
    if (namesOfRequest(this.cluster.tls)) return this.named(pools, host, protocol, hostOfAuthority(authority));
    let pool = pools[protocol];
    if (!pool) {
      pool = this.deps.pool(this, host, protocol, '');
      pools[protocol] = pool;
    }
    return pool;
  }

  private named(pools: HostPools, host: Host, protocol: UpstreamProtocol, name: string): UpstreamPool {
    const key = `${protocol}|${name}`;
    pools.named ??= new Map();
    const { named } = pools;
    let pool = named.get(key);
    if (!pool) {
      pool = this.deps.pool(this, host, protocol, name);
      if (named.size >= mostNamedPools) {
        const [oldest, unused] = named.entries().next().value as [string, UpstreamPool];
        named.delete(oldest);
        unused.drain();
      }
    } else named.delete(key);
    // The one that was used last is the last to go.
    named.set(key, pool);
    return pool;
  }

  close(): void {
    this.dns?.close();
    this.dropPools();
    this.state.close();
  }

  destroy(): void {
    this.dns?.close();
    for (const pools of this.pools.values()) for (const pool of all(pools)) pool.destroy();
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
    if (pools) for (const pool of all(pools)) pool.drain();
    this.pools.delete(host);
  }
}

function all({ http1, http2, named }: HostPools): UpstreamPool[] {
  return [...(http1 ? [http1] : []), ...(http2 ? [http2] : []), ...(named?.values() ?? [])];
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
