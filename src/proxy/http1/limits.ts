interface Counted {
  /** Takes one; false when there is none left, and nothing is taken. */
  tryAcquire(): boolean;
  release(): void;
}

/** Circuit breakers of a cluster, as its pools ask them (DR-R52 to R55); `Breakers` of core/balance are such limits. */
export interface Limits {
  /** Requests that wait for a connection. */
  readonly pending: Counted;
  /** Requests that have one. */
  readonly requests: Counted;
  /** Takes a connection; a pool that has none always gets one (DR-R55). */
  mayConnect(poolIsEmpty: boolean): boolean;
  /** Once for every connection that was allowed. */
  connectionClosed(): void;
}

const endless: Counted = { tryAcquire: () => true, release: () => {} };

export const unlimited: Limits = { pending: endless, requests: endless, mayConnect: () => true, connectionClosed: () => {} };
