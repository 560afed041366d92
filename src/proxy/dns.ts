import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Cluster, Endpoint, LocalityEndpoints } from '../ir/cluster.ts';

/** As Istio tells Envoy to refresh DNS clusters (TCP-R14). */
const refreshMs = 60_000;
/** After a failure the answer that was there stays, and it is asked for again soon. */
const retryMs = 5_000;

/**
 * Keeps the endpoints of a DNS cluster resolved: each name stands for all addresses of its answer (`dns`), or for the first
 * (`logical-dns`). Calls back whenever the addresses changed.
 */
export class DnsEndpoints {
  private readonly cluster: Cluster;
  private readonly changed: (cluster: Cluster) => void;
  private readonly answers = new Map<string, readonly string[]>();
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(cluster: Cluster, changed: (cluster: Cluster) => void) {
    this.cluster = cluster;
    this.changed = changed;
    void this.refresh();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private async refresh(): Promise<void> {
    const names = new Set(this.cluster.localities.flatMap(({ endpoints }) => endpoints.map(({ address }) => address)));
    let failed = false;
    let different = false;
    await Promise.all(
      [...names].map(async (name) => {
        const found = await resolve(name, this.cluster.discovery === 'logical-dns');
        if (found.length === 0) failed = true;
        else if (this.answers.get(name)?.join() !== found.join()) {
          this.answers.set(name, found);
          different = true;
        }
      }),
    );
    if (this.closed) return;
    if (different) this.changed(this.resolved());
    this.timer = setTimeout(() => void this.refresh(), failed ? retryMs : refreshMs);
    this.timer.unref();
  }

  private resolved(): Cluster {
    const localities: LocalityEndpoints[] = this.cluster.localities.map((locality) => ({
      ...locality,
      endpoints: locality.endpoints.flatMap((endpoint): Endpoint[] =>
        (this.answers.get(endpoint.address) ?? []).map((address) => ({ ...endpoint, address })),
      ),
    }));
    return { ...this.cluster, localities };
  }
}

/** Addresses of a name in a stable order; empty when there are none, or nobody answers. IPv4 first, as in Istio (TCP-R14). */
async function resolve(name: string, first: boolean): Promise<string[]> {
  if (isIP(name) !== 0) return [name];
  try {
    const found = await lookup(name, { all: true });
    const v4 = found.filter(({ family }) => family === 4).map(({ address }) => address);
    const addresses = v4.length > 0 ? v4 : found.map(({ address }) => address);
    return first ? addresses.slice(0, 1) : addresses.sort();
  } catch {
    return [];
  }
}
