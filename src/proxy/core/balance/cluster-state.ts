import type { Cluster, Endpoint, LocalityEndpoints } from '../../../ir/cluster.ts';
import type { Clock, Random } from '../clock.ts';
import { newBalancer, sameBalancer, sendsOn } from './balancer.ts';
import { Breakers } from './breakers.ts';
import type { Balancer, ChooseContext } from './choose.ts';
import { boundedPriority, Host } from './host.ts';
import type { HostMaker } from './original-destination.ts';
import { type LocalFailure, OutlierDetector } from './outlier.ts';
import { type PriorityLoads, priorityLoads } from './priorities.ts';
import { byPriority, type HostGroup } from './priority-hosts.ts';
import { hostKey, hostStateKey, type StateArena } from './shared-state.ts';
import { clusterCell, hostCell, type Slot } from './slot.ts';
import { warmAt } from './warmup.ts';

export interface BalanceDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly arena: StateArena;
}

/** Envoy's time for merging updates of a cluster. */
const mergeMs = 1000;

/**
 * The endpoints of one cluster as one thread sees them: which can be used, what is counted of them, and which is next. Settings and
 * endpoints may change (`update`); what is counted stays.
 */
export class ClusterState implements HostMaker {
  cluster: Cluster;
  /** In the order of the table. */
  hosts: readonly Host[] = [];
  readonly breakers: Breakers;
  outlier: OutlierDetector | undefined;
  /** Told of every endpoint that the cluster loses. */
  onHostRemoved: ((host: Host) => void) | undefined;
  private readonly deps: BalanceDeps;
  private readonly slot: Slot;
  private byKey = new Map<string, Host>();
  private groups: HostGroup[] = [];
  private balancer: Balancer;
  private loads: PriorityLoads = priorityLoads([], 0);
  /** Generation that the balancer knows. */
  private generation = 0;
  /** When ejections reached the balancer last. */
  private healthAt = Number.NEGATIVE_INFINITY;
  /** Of settings or endpoints. */
  private changed = true;
  /** When the weights are final; 0: they are. */
  private warm = 0;
  /** When endpoints are looked at next whether they may come back. */
  private nextInterval = 0;

  constructor(cluster: Cluster, deps: BalanceDeps) {
    this.cluster = cluster;
    this.deps = deps;
    this.slot = deps.arena.slot(cluster.name);
    this.breakers = new Breakers(this.slot, cluster.breakers);
    this.balancer = this.newBalancer();
    this.takeEndpoints(undefined);
    this.takeOutlier();
  }

  /**
   * An endpoint for a request or a retry; for a TCP connection as well. Undefined: there is none that can be used.
   *
   * @param context undefined: a first try without a hash
   */
  choose(context?: ChooseContext): Host | undefined {
    if (this.changed || (this.warm !== 0 && this.deps.clock.now() >= this.warm)) this.refresh();
    else if (this.slot.get(clusterCell.generation) !== this.generation && this.takesHealth()) this.refresh();
    return this.balancer.choose(context);
  }

  /** A response of this endpoint; of gRPC the HTTP status that its grpc-status stands for. */
  recordResponse(host: Host, status: number): void {
    host.slot.count(status >= 500 ? hostCell.errors : hostCell.successes);
    this.outlier?.recordResponse(host, status);
  }

  /** A try that got no response, or lost its connection during it. Overflows are none. */
  recordFailure(host: Host, kind: LocalFailure): void {
    host.slot.count(hostCell.errors);
    if (kind === 'timeout') host.slot.count(hostCell.timeouts);
    this.outlier?.recordFailure(host, kind);
  }

  /**
   * A connection took a request, or a TCP connection was made.
   *
   * @param final of TCP: no response will follow (DR-R69)
   */
  recordConnect(host: Host, final = false): void {
    this.outlier?.recordConnect(host, final);
  }

  /** Takes the settings and endpoints of a new table, or new addresses of its names. Endpoints that stay keep what was counted. */
  update(cluster: Cluster): void {
    const before = this.cluster;
    this.cluster = cluster;
    this.breakers.update(cluster.breakers);
    if (!sameBalancer(before, cluster)) this.balancer = this.newBalancer();
    this.takeEndpoints(before);
    this.takeOutlier();
    this.changed = true;
  }

  /**
   * Lets ejected endpoints come back when their time is over (DR-R66), and drops idle original destinations. Call it several times
   * in the shortest interval of outlier detection; of what is not due yet, nothing happens.
   */
  tick(now: number): void {
    this.balancer.tick?.(now);
    if (this.outlier === undefined || now < this.nextInterval) return;
    this.outlier.tick(now);
    // In step with the intervals before, unless some were missed.
    const { intervalMs } = this.outlier;
    this.nextInterval = Math.max(this.nextInterval + intervalMs, now + intervalMs / 2);
  }

  /** The cluster is gone. Requests on their way may still record. */
  close(): void {
    for (const host of this.hosts) this.deps.arena.release(hostStateKey(this.cluster.name, host.key));
    this.deps.arena.release(this.cluster.name);
  }

  /** Shares of the priorities, and which are in panic, as of the last choice. */
  get priorities(): PriorityLoads {
    return this.loads;
  }

  /** Choices that were made in panic. */
  get panicTotal(): number {
    return this.slot.total(clusterCell.panics);
  }

  /**
   * Whether changed ejections reach the balancer now: the first at once, further ones when a second has passed since, as with Envoy,
   * which merges updates of a cluster. So a burst of errors never takes all endpoints away at one stroke.
   */
  private takesHealth(): boolean {
    const now = this.deps.clock.now();
    if (now < this.healthAt + mergeMs) return false;
    this.healthAt = now;
    return true;
  }

  private refresh(): void {
    const now = this.deps.clock.now();
    this.generation = this.slot.get(clusterCell.generation);
    this.changed = false;
    this.warm = warmAt(this.cluster.loadBalancer.warmup, this.hosts, now);
    const priorities = byPriority(this.groups);
    this.loads = priorityLoads(
      priorities.map(({ all, healthy }) => ({ total: all.length, healthy: healthy.length })),
      this.cluster.panicPercent,
    );
    this.balancer.refresh({ priorities, loads: this.loads, now });
  }

  private takeEndpoints(before: Cluster | undefined): void {
    if (sendsOn(this.cluster) && before !== undefined && sendsOn(before)) {
      for (const host of this.hosts) host.update(...this.known(host.address, host.port));
      return;
    }
    const now = this.deps.clock.now();
    const kept = new Map<string, Host>();
    this.groups = (sendsOn(this.cluster) ? [] : this.cluster.localities).map((group): HostGroup => {
      const hosts: Host[] = [];
      for (const endpoint of group.endpoints) {
        const key = hostKey(endpoint.address, endpoint.port);
        // Of two with the same address the first counts.
        if (kept.has(key)) continue;
        const host = this.byKey.get(key) ?? new Host(endpoint, group, this.slotOf(key), now);
        host.update(endpoint, group);
        kept.set(key, host);
        hosts.push(host);
      }
      return { weight: group.weight, priority: boundedPriority(group.priority), hosts };
    });
    for (const [key, host] of this.byKey) if (!kept.has(key)) this.drop(host);
    this.byKey = kept;
    this.hosts = [...kept.values()];
  }

  private slotOf(key: string): Slot {
    return this.deps.arena.slot(hostStateKey(this.cluster.name, key));
  }

  private drop(host: Host): void {
    this.outlier?.forget(host);
    this.deps.arena.release(hostStateKey(this.cluster.name, host.key));
    this.onHostRemoved?.(host);
  }

  private takeOutlier(): void {
    const config = this.cluster.outlier;
    if (config === undefined) {
      for (const host of this.hosts) this.outlier?.forget(host);
      this.outlier = undefined;
    } else if (this.outlier === undefined) {
      this.outlier = new OutlierDetector(config, this.hosts, this.slot, this.deps.clock);
      this.nextInterval = this.deps.clock.now() + config.intervalMs;
    } else {
      // A shorter interval does not wait for the end of a longer one.
      if (config.intervalMs !== this.outlier.intervalMs) this.nextInterval = this.deps.clock.now() + config.intervalMs;
      this.outlier.update(config, this.hosts);
    }
  }

  private newBalancer(): Balancer {
    const { clock, random } = this.deps;
    return newBalancer(this.cluster, { clock, random, hosts: this, countPanic: () => this.slot.count(clusterCell.panics) });
  }

  /** An endpoint that a client meant. */
  addHost(address: string, port: number): Host {
    const [endpoint, group] = this.known(address, port);
    const key = hostKey(address, port);
    const host = new Host(endpoint, group, this.slotOf(key), this.deps.clock.now());
    this.byKey.set(key, host);
    this.hostsChanged();
    return host;
  }

  /** What the table has of an address, if anything. */
  private known(address: string, port: number): [Endpoint, Pick<LocalityEndpoints, 'locality' | 'priority'>] {
    for (const group of this.cluster.localities) {
      for (const endpoint of group.endpoints) if (endpoint.address === address && endpoint.port === port) return [endpoint, group];
    }
    return [unknownEndpoint(address, port), nowhere];
  }

  removeHost(host: Host): void {
    this.drop(host);
    this.byKey.delete(host.key);
    this.hostsChanged();
  }

  private hostsChanged(): void {
    this.hosts = [...this.byKey.values()];
    if (this.cluster.outlier !== undefined) this.outlier?.update(this.cluster.outlier, this.hosts);
  }
}

const nowhere = { locality: { region: '', zone: '', subzone: '' }, priority: 0 };

function unknownEndpoint(address: string, port: number): Endpoint {
  return { address, port, weight: 1, labels: {}, tlsMode: 'disabled', workload: '', namespace: '', serviceAccount: '', healthy: true };
}
