import type { Cluster, LocalityEndpoints } from '../../ir/cluster.ts';
import { isResolved, Names, type Resolution } from '../dns.ts';

interface Watched {
  resolution: Resolution;
  /** What is asked for; another question is another watch. */
  question: string;
}

/** Looks up the names of a table's DNS clusters, for all threads. */
export class WatchedNames {
  private readonly names: Names;
  private readonly changed: () => void;
  private readonly watched = new Map<string, Watched>();
  private answers = new Map<string, readonly LocalityEndpoints[]>();

  /** @param changed some cluster has other endpoints than `resolved` said */
  constructor(changed: () => void, names = new Names()) {
    this.changed = changed;
    this.names = names;
  }

  /** Waits a little for names that are new. */
  warm(clusters: readonly Cluster[]): Promise<void> {
    return this.names.warm(clusters);
  }

  /** Endpoints of the clusters that have answers, by name. */
  resolved(clusters: readonly Cluster[]): ReadonlyMap<string, readonly LocalityEndpoints[]> {
    const answers = new Map<string, readonly LocalityEndpoints[]>();
    for (const cluster of clusters) {
      if (!isResolved(cluster)) continue;
      const localities = this.names.resolved(cluster);
      if (localities.some(({ endpoints }) => endpoints.length > 0)) answers.set(cluster.name, localities);
    }
    this.answers = answers;
    return answers;
  }

  /** From now on these are kept resolved, and no others. */
  watch(clusters: readonly Cluster[]): void {
    const wanted = new Map(clusters.filter(isResolved).map((cluster) => [cluster.name, cluster]));
    this.names.retain(clusters);
    for (const [name, { resolution, question }] of this.watched) {
      const cluster = wanted.get(name);
      if (cluster && questionOf(cluster) === question) wanted.delete(name);
      else {
        resolution.close();
        this.watched.delete(name);
      }
    }
    for (const [name, cluster] of wanted) {
      const resolution = this.names.resolve(cluster, (localities) => {
        if (JSON.stringify(this.answers.get(name)) !== JSON.stringify(localities)) this.changed();
      });
      this.watched.set(name, { resolution, question: questionOf(cluster) });
    }
  }

  close(): void {
    for (const { resolution } of this.watched.values()) resolution.close();
    this.watched.clear();
  }
}

function questionOf({ discovery, localities }: Cluster): string {
  return JSON.stringify([discovery, localities]);
}
