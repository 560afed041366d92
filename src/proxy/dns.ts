import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Cluster, Endpoint, LocalityEndpoints } from '../ir/cluster.ts';

/** As Istio tells Envoy to refresh DNS clusters (TCP-R14). */
const refreshMs = 60_000;
/** After a failure the answer that was there stays, and it is asked for again soon. */
const retryMs = 5_000;
/** A new table waits this long for the names of clusters that are new in it. */
const warmMs = 2_000;

/** Ends what keeps a cluster resolved. */
export interface Resolution {
  close(): void;
}

/**
 * Keeps the endpoints of a DNS cluster resolved, and tells them whenever they changed: within the call where they are known already.
 */
export type Resolve = (cluster: Cluster, changed: (localities: readonly LocalityEndpoints[]) => void) => Resolution;

export function isResolved({ discovery }: Cluster): boolean {
  return discovery === 'dns' || discovery === 'logical-dns';
}

type Lookup = (name: string) => Promise<readonly string[]>;

/** What the names of DNS clusters stand for. */
export class Names {
  private readonly answers = new Map<string, readonly string[]>();
  private readonly lookup: Lookup;

  /** @param lookup addresses of a name in a stable order; empty where there is no answer */
  constructor(lookup: Lookup = addressesOf) {
    this.lookup = lookup;
  }

  /**
   * Looks up the names that have no answer yet, so that requests for new clusters find endpoints. A name server that is slow or
   * down holds nothing up for long.
   */
  async warm(clusters: readonly Cluster[]): Promise<void> {
    const names = new Set<string>();
    for (const cluster of clusters) if (isResolved(cluster)) for (const name of namesOf(cluster)) if (!this.answers.has(name)) names.add(name);
    if (names.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, warmMs);
    });
    await Promise.race([late, Promise.all([...names].map((name) => this.ask(name)))]);
    clearTimeout(timer);
  }

  /** Addresses as they are known now: of each name all (`dns`), or the first (`logical-dns`). */
  resolved(cluster: Cluster): LocalityEndpoints[] {
    return cluster.localities.map((locality) => ({
      ...locality,
      endpoints: locality.endpoints.flatMap((endpoint): Endpoint[] =>
        (this.answers.get(endpoint.address) ?? []).slice(0, cluster.discovery === 'logical-dns' ? 1 : undefined).map((address) => ({ ...endpoint, address })),
      ),
    }));
  }

  readonly resolve: Resolve = (cluster, changed) => new DnsEndpoints(this, cluster, changed);

  /** @returns whether there was an answer */
  async ask(name: string): Promise<boolean> {
    const found = await this.lookup(name);
    if (found.length > 0) this.answers.set(name, found);
    return found.length > 0;
  }

  /** Of no use any more. */
  retain(clusters: readonly Cluster[]): void {
    const names = new Set(clusters.filter(isResolved).flatMap(namesOf));
    for (const name of this.answers.keys()) if (!names.has(name)) this.answers.delete(name);
  }
}

class DnsEndpoints implements Resolution {
  private readonly names: Names;
  private readonly cluster: Cluster;
  private readonly changed: (localities: readonly LocalityEndpoints[]) => void;
  private told = '';
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(names: Names, cluster: Cluster, changed: (localities: readonly LocalityEndpoints[]) => void) {
    this.names = names;
    this.cluster = cluster;
    this.changed = changed;
    this.tell();
    void this.refresh();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private async refresh(): Promise<void> {
    const answered = await Promise.all(namesOf(this.cluster).map((name) => this.names.ask(name)));
    if (this.closed) return;
    this.tell();
    this.timer = setTimeout(() => void this.refresh(), answered.includes(false) ? retryMs : refreshMs);
    this.timer.unref();
  }

  private tell(): void {
    const localities = this.names.resolved(this.cluster);
    if (localities.every(({ endpoints }) => endpoints.length === 0)) return;
    const text = JSON.stringify(localities);
    if (text === this.told) return;
    this.told = text;
    this.changed(localities);
  }
}

function namesOf(cluster: Cluster): string[] {
  return [...new Set(cluster.localities.flatMap(({ endpoints }) => endpoints.map(({ address }) => address)))];
}

/** IPv4 first, as in Istio (TCP-R14). */
async function addressesOf(name: string): Promise<readonly string[]> {
  if (isIP(name) !== 0) return [name];
  try {
    const found = await lookup(name, { all: true });
    const v4 = found.filter(({ family }) => family === 4).map(({ address }) => address);
    return (v4.length > 0 ? v4 : found.map(({ address }) => address)).sort();
  } catch {
    return [];
  }
}
