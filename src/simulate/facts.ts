// What applies to requests to a cluster, value by value, with the place of each.
import type { CircuitBreakers, Cluster, ConnectionPool, LoadBalancer, OutlierDetection, UpstreamTls } from '../ir/cluster.ts';
import type { ExpectedEndpoints, Source } from '../ir/provenance.ts';
import type { Locality, Origin } from '../ir/table.ts';

/** A value and where it is from. */
export interface Fact<T> {
  value: T;
  source: Source;
}

/** What applies to requests to a cluster. */
export interface UpstreamFacts {
  discovery: Cluster['discovery'];
  protocol: Fact<Cluster['protocol']>;
  endpoints: EndpointFacts;
  loadBalancer: Fact<LoadBalancer>;
  tls: Fact<UpstreamTls>;
  /** Limits that are there. */
  breakers: { [Name in keyof CircuitBreakers]?: Fact<NonNullable<CircuitBreakers[Name]>> };
  pool: { [Name in keyof ConnectionPool]?: Fact<NonNullable<ConnectionPool[Name]>> };
  outlier?: { [Name in keyof OutlierDetection]?: Fact<NonNullable<OutlierDetection[Name]>> };
  /** Below this percentage of healthy endpoints all are used. */
  panicPercent: Fact<number>;
  /** The destination rules that shape it. */
  origins: readonly Origin[];
}

export interface EndpointFacts {
  /** Of DNS clusters: names. */
  total: number;
  healthy: number;
  /** Too few are healthy: all are used. */
  panic: boolean;
  /** There are none yet: what will be endpoints, as far as the input tells. */
  expected?: ExpectedEndpoints;
  localities: {
    locality: Locality;
    priority: number;
    /** Of the locality, where localities are chosen by weight. */
    weight?: number;
    total: number;
    healthy: number;
    /** Share of the cluster's requests by priority, and by weight where localities are weighted; absent where endpoints of several localities are chosen alike. */
    percent?: number;
  }[];
}
