import type { CircuitBreakers } from '../../../ir/cluster.ts';
import { clusterCell, type Slot } from './slot.ts';

/** A limit that is not set (DR-R50). */
export const unlimited = 4_294_967_295;

/** A number of things that may be active at once in a cluster, over all threads (DR-R55). */
export class Breaker {
  /** May change with a new table; what is active above it ends by itself. */
  max: number;
  private readonly slot: Slot;
  private readonly active: number;
  private readonly overflows: number;

  constructor(slot: Slot, active: number, overflows: number, max: number | undefined) {
    this.max = max ?? unlimited;
    this.slot = slot;
    this.active = active;
    this.overflows = overflows;
  }

  /** Takes one of the limit; false, and an overflow counted, when there is none left. */
  tryAcquire(): boolean {
    if (this.slot.add(this.active, 1) < this.max) return true;
    this.slot.add(this.active, -1);
    this.slot.count(this.overflows);
    return false;
  }

  /** Takes one whether or not there is one left. */
  acquire(): void {
    this.slot.add(this.active, 1);
  }

  /** Once for every one that was taken. */
  release(): void {
    this.slot.add(this.active, -1);
  }

  countOverflow(): void {
    this.slot.count(this.overflows);
  }

  get count(): number {
    return this.slot.get(this.active);
  }

  get remaining(): number {
    return Math.max(0, this.max - this.count);
  }

  get overflowTotal(): number {
    return this.slot.total(this.overflows);
  }

  get isOpen(): boolean {
    return this.count >= this.max;
  }
}

/**
 * What the connection pools of a cluster have to ask. A request that finds no idle connection (HTTP/2: none with a free stream)
 * waits: it takes one of `pending`, and if there is none left it fails as an overflow (DR-R52), also when the pool is idle and the
 * limit is 0 (DR-R53). Only then a connection is opened for it, if `mayConnect` allows; if not, the request just waits. When a
 * connection takes the request, it gives back its `pending` and takes one of `requests`; if there is none left, it is an overflow.
 */
export interface ClusterLimits {
  readonly pending: Breaker;
  readonly requests: Breaker;
  /**
   * Takes a connection of the limit. A pool that has none at all always gets one, so that no endpoint is cut off by the
   * connections to others; the overflow is counted all the same (DR-R55).
   *
   * @param poolIsEmpty this endpoint has no connection of this thread, nor one that is being made
   */
  mayConnect(poolIsEmpty: boolean): boolean;
  /** Once for every connection that `mayConnect` allowed, when it is closed or failed. */
  connectionClosed(): void;
}

/** Circuit breakers of a cluster (DR-R50 to R55). */
export class Breakers implements ClusterLimits {
  readonly connections: Breaker;
  readonly pending: Breaker;
  readonly requests: Breaker;
  readonly retries: Breaker;
  private budget: CircuitBreakers['retryBudget'];

  constructor(slot: Slot, limits: CircuitBreakers) {
    const { activeConnections, pendingRequests, activeRequests, activeRetries } = clusterCell;
    this.connections = new Breaker(slot, activeConnections, clusterCell.connectionOverflows, limits.maxConnections);
    this.pending = new Breaker(slot, pendingRequests, clusterCell.pendingOverflows, limits.maxPendingRequests);
    this.requests = new Breaker(slot, activeRequests, clusterCell.requestOverflows, limits.maxRequests);
    this.retries = new Breaker(slot, activeRetries, clusterCell.retryOverflows, limits.retryBudget?.minRetryConcurrency ?? limits.maxRetries);
    this.budget = limits.retryBudget;
  }

  /** Limits of a new table; what is active stays counted. */
  update(limits: CircuitBreakers): void {
    this.connections.max = limits.maxConnections ?? unlimited;
    this.pending.max = limits.maxPendingRequests ?? unlimited;
    this.requests.max = limits.maxRequests ?? unlimited;
    this.retries.max = limits.retryBudget?.minRetryConcurrency ?? limits.maxRetries ?? unlimited;
    this.budget = limits.retryBudget;
  }

  mayConnect(poolIsEmpty: boolean): boolean {
    if (this.connections.tryAcquire()) return true;
    if (!poolIsEmpty) return false;
    this.connections.acquire();
    return true;
  }

  connectionClosed(): void {
    this.connections.release();
  }

  /**
   * Before a retry is scheduled; false: no retry, and the response at hand is the answer (RT-R79). `retries.release()` when the
   * retry is done or given up.
   */
  tryRetry(): boolean {
    if (this.budget !== undefined) this.retries.max = this.maxRetries;
    return this.retries.tryAcquire();
  }

  /** With a budget: a share of what is active and pending, but not less than its minimum (DR-R54). */
  get maxRetries(): number {
    if (this.budget === undefined) return this.retries.max;
    const active = this.requests.count + this.pending.count;
    return Math.max(Math.floor((this.budget.percent / 100) * active), this.budget.minRetryConcurrency);
  }
}
