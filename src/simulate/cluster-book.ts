import { type Cluster, outboundClusterName } from '../ir/cluster.ts';
import type { Provenance } from '../ir/provenance.ts';
import type { CompiledCluster } from '../proxy/core/compiled-route.ts';
import { upstreamFacts, whyUnusable } from './cluster-facts.ts';
import type { TableHosts } from './hosts.ts';
import type { DestinationFailure, SimulatedDestination, UpstreamFacts } from './simulation.ts';

/** A cluster by its name, whether the table has it or not. */
export interface NamedCluster {
  name: string;
  host: string;
  subset: string;
  port: number;
  namespace: string;
  /** Undefined: the table has none of this name. */
  cluster: Cluster | undefined;
}

/** A destination of a route, before any request. */
export interface Share {
  share: Omit<SimulatedDestination, 'failure' | 'sees' | 'responseHeaders'>;
  /** Why it takes nothing. */
  reason: DestinationFailure['reason'] | undefined;
}

/** Clusters of one table with what applies to them: each is looked at once. */
export class ClusterBook {
  private readonly byName: ReadonlyMap<string, Cluster>;
  private readonly hosts: TableHosts;
  private readonly provenance: Provenance;
  private readonly facts = new Map<Cluster, { facts: UpstreamFacts; why: DestinationFailure['reason'] | undefined }>();

  private readonly shares = new Map<CompiledCluster, Share>();

  constructor(clusters: readonly Cluster[], hosts: TableHosts, provenance: Provenance) {
    this.byName = new Map(clusters.map((cluster) => [cluster.name, cluster]));
    this.hosts = hosts;
    this.provenance = provenance;
  }

  /** @param compiled of a route that one simulator alone has */
  shareOf(compiled: CompiledCluster, make: () => Share): Share {
    let known = this.shares.get(compiled);
    if (!known) {
      known = make();
      this.shares.set(compiled, known);
    }
    return known;
  }

  named(name: string): NamedCluster {
    const cluster = this.byName.get(name);
    if (cluster) return { name, host: cluster.host, subset: cluster.subset, port: cluster.port, namespace: cluster.namespace, cluster };
    const [, port, subset = '', host = ''] = name.split('|');
    return { name, host, subset, port: Number(port ?? 0), namespace: '', cluster };
  }

  /** What a destination says of its cluster. */
  placeOf({ name, host, subset, port, namespace, cluster }: NamedCluster) {
    return { cluster: name, host, subset, port, namespace, ...(cluster ? { upstream: this.factsOf(cluster) } : {}) };
  }

  /** Why no request can be taken there; undefined: it can. */
  failureOf({ cluster, host, port, subset }: NamedCluster): DestinationFailure['reason'] | undefined {
    if (cluster) return this.lookedAt(cluster).why;
    const ports = this.hosts.portsOfService(host);
    if (!ports) return 'unknown-host';
    if (!ports.has(port)) return 'unknown-port';
    return subset === '' || !this.byName.has(outboundClusterName(port, '', host)) ? 'unknown-host' : 'unknown-subset';
  }

  factsOf(cluster: Cluster): UpstreamFacts {
    return this.lookedAt(cluster).facts;
  }

  private lookedAt(cluster: Cluster): { facts: UpstreamFacts; why: DestinationFailure['reason'] | undefined } {
    let known = this.facts.get(cluster);
    if (!known) {
      known = { facts: upstreamFacts(cluster, this.provenance), why: whyUnusable(cluster, this.provenance) };
      this.facts.set(cluster, known);
    }
    return known;
  }
}
