/** What a cluster's circuit breakers count for its pools (DR-R50). */
export type LimitKind = 'connections' | 'pending' | 'requests';

/** The breakers of one cluster, as its pools see them (DR-R52, DR-R55). */
export interface Limits {
  /** Counts one more; false when the limit is reached, and nothing is counted. */
  tryAcquire(kind: LimitKind): boolean;
  release(kind: LimitKind): void;
}

export const unlimited: Limits = {
  tryAcquire: () => true,
  release: () => {},
};
