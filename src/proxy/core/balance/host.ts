import type { Endpoint, LocalityEndpoints } from '../../../ir/cluster.ts';
import type { Locality } from '../../../ir/table.ts';
import { hostKey } from './shared-state.ts';
import { hostCell, hostTime, type Slot } from './slot.ts';

/** The lowest of the priorities that there are. */
const lastPriority = 127;

/** Weights beyond this do not fit where they are summed up. */
const maxWeight = 0xffffffff;

/**
 * An endpoint of a cluster with what is counted of it. It stays the same object as long as the cluster has the address, whatever
 * else of it changes.
 */
export class Host {
  /** `ip:port` */
  readonly key: string;
  readonly address: string;
  readonly port: number;
  endpoint: Endpoint;
  weight: number;
  priority: number;
  locality: Locality;
  /** Counters; use the methods. */
  readonly slot: Slot;

  constructor(endpoint: Endpoint, group: Pick<LocalityEndpoints, 'locality' | 'priority'>, slot: Slot, now: number) {
    this.key = hostKey(endpoint.address, endpoint.port);
    this.address = endpoint.address;
    this.port = endpoint.port;
    this.endpoint = endpoint;
    this.weight = boundedWeight(endpoint.weight);
    this.priority = boundedPriority(group.priority);
    this.locality = group.locality;
    this.slot = slot;
    // 0 stands for none.
    if (slot.times[hostTime.added] === 0) slot.times[hostTime.added] = now || Number.MIN_VALUE;
  }

  /** Takes what a new table says of the endpoint. */
  update(endpoint: Endpoint, group: Pick<LocalityEndpoints, 'locality' | 'priority'>): void {
    this.endpoint = endpoint;
    this.weight = boundedWeight(endpoint.weight);
    this.priority = boundedPriority(group.priority);
    this.locality = group.locality;
  }

  /** By outlier detection. */
  get ejected(): boolean {
    return (this.slot.get(hostCell.ejection) & 1) === 1;
  }

  /** Whether requests may go there (DR-R24). */
  get usable(): boolean {
    return this.endpoint.healthy && !this.ejected;
  }

  /** When it became part of the cluster, in milliseconds of the clock. */
  get addedAt(): number {
    return this.slot.times[hostTime.added] as number;
  }

  /** Requests on their way, of all threads. */
  get active(): number {
    return this.slot.get(hostCell.activeRequests);
  }

  get activeConnections(): number {
    return this.slot.get(hostCell.activeConnections);
  }

  /** A request, or a retry of one, goes out on a connection to it. */
  beginRequest(): void {
    this.slot.add(hostCell.activeRequests, 1);
    this.slot.count(hostCell.requests);
  }

  /** Once for every `beginRequest`, however it ended. */
  endRequest(): void {
    this.slot.add(hostCell.activeRequests, -1);
  }

  /** A connection is being made. */
  beginConnection(): void {
    this.slot.add(hostCell.activeConnections, 1);
    this.slot.count(hostCell.connections);
  }

  /** Once for every `beginConnection`. */
  endConnection(): void {
    this.slot.add(hostCell.activeConnections, -1);
  }

  /** A connection could not be made; `endConnection` follows all the same. */
  countConnectFailure(): void {
    this.slot.count(hostCell.connectFailures);
  }

  /** Numbers of `/clusters` (TEL-R21). */
  stats(): HostStats {
    return {
      cx_active: this.activeConnections,
      cx_connect_fail: this.slot.total(hostCell.connectFailures),
      cx_total: this.slot.total(hostCell.connections),
      rq_active: this.active,
      rq_error: this.slot.total(hostCell.errors),
      rq_success: this.slot.total(hostCell.successes),
      rq_timeout: this.slot.total(hostCell.timeouts),
      rq_total: this.slot.total(hostCell.requests),
    };
  }
}

export interface HostStats {
  cx_active: number;
  cx_connect_fail: number;
  cx_total: number;
  rq_active: number;
  rq_error: number;
  rq_success: number;
  rq_timeout: number;
  rq_total: number;
}

function boundedWeight(weight: number): number {
  return weight >= 1 ? Math.min(Math.floor(weight), maxWeight) : 1;
}

export function boundedPriority(priority: number): number {
  return priority > 0 ? Math.min(Math.floor(priority), lastPriority) : 0;
}
