import { resourceFiles, response } from '../../envoy/files.ts';
import type { TypedJson } from '../../envoy/json.ts';
import type { EnvoyResources } from '../../envoy/resources.ts';
import { withEndpoints } from '../../envoy/static.ts';
import type { AdminClient } from './admin-client.ts';
import type { RunFolder } from './run-folder.ts';

export const listenersFile = 'listeners.json';
export const clustersFile = 'clusters.json';

/** Envoy reads a file within milliseconds, unless it has a lot to do. */
const takenMs = 30_000;
/** Names of new clusters are looked up before requests go there, and new listeners get their routes; one that has no answer holds nothing up for longer. */
const warmMs = 5_000;
const pollMs = 20;

/** The resources of a running Envoy in files that it watches. */
export class LiveFiles {
  private readonly folder: RunFolder;
  private readonly admin: AdminClient;
  private resources: EnvoyResources | undefined;
  private readonly texts = new Map<string, string>();

  constructor(folder: RunFolder, admin: AdminClient) {
    this.folder = folder;
    this.admin = admin;
  }

  /** Before Envoy starts. */
  writeFirst(resources: EnvoyResources): void {
    const { listeners, clusters, routes } = this.files(resources);
    for (const [file, text] of [...routes, [clustersFile, clusters] as const, [listenersFile, listeners] as const]) this.write(file, text);
    this.resources = resources;
  }

  /**
   * New resources while requests are under way: what is needed comes before what needs it, and goes after it.
   *
   * @returns whether there was anything to change
   * @throws Error when Envoy refuses something, or does not read it
   */
  async replace(resources: EnvoyResources): Promise<boolean> {
    const { listeners, clusters, routes } = this.files(resources);
    const changedRoutes = [...routes].filter(([file, text]) => this.texts.get(file) !== text);
    const changed = changedRoutes.length > 0 || this.texts.get(listenersFile) !== listeners || this.texts.get(clustersFile) !== clusters;
    if (!changed) return false;
    const names = new Set(resources.clusters.map(({ name }) => name));
    const goners = (this.resources?.clusters ?? []).filter(({ name }) => !names.has(name));
    const goneEndpoints = this.resources?.endpoints ?? [];
    await this.writeAndWait(
      clustersFile,
      goners.length === 0 ? clusters : both(resources, goners, goneEndpoints),
      /^cluster_manager\.cds\.update_(?:success|rejected)$/,
    );
    await this.warm(/^cluster_manager\.warming_clusters$/);
    const watched = changedRoutes.filter(([file]) => this.texts.has(file));
    for (const [file, text] of changedRoutes) if (!this.texts.has(file)) this.write(file, text);
    for (const [file, text] of watched) await this.writeAndWait(file, text, /\.rds\..*\.update_(?:success|rejected)$/);
    await this.writeAndWait(listenersFile, listeners, /^listener_manager\.lds\.update_(?:success|rejected)$/);
    await this.warm(/^listener_manager\.total_listeners_warming$/);
    if (goners.length > 0) await this.writeAndWait(clustersFile, clusters, /^cluster_manager\.cds\.update_(?:success|rejected)$/);
    for (const file of [...this.texts.keys()]) {
      if (file === listenersFile || file === clustersFile || routes.has(file)) continue;
      this.folder.remove(file);
      this.texts.delete(file);
    }
    this.resources = resources;
    return true;
  }

  private files(resources: EnvoyResources) {
    return resourceFiles(resources, (file) => this.folder.pathOf(file));
  }

  private write(file: string, text: string): void {
    this.folder.write(file, text);
    this.texts.set(file, text);
  }

  /** @param counters of what Envoy has read, and what of it it took */
  private async writeAndWait(file: string, text: string, counters: RegExp): Promise<void> {
    if (this.texts.get(file) === text) return;
    const before = await this.admin.stats(counters);
    this.write(file, text);
    const until = performance.now() + takenMs;
    while (performance.now() < until) {
      for (const [name, count] of await this.admin.stats(counters)) {
        if (count === (before.get(name) ?? 0)) continue;
        if (name.endsWith('rejected')) throw new Error(`Envoy refuses the new ${file}; its log says why`);
        return;
      }
      await sleep(pollMs);
    }
    throw new Error(`Envoy does not read the new ${file}`);
  }

  /** @param waiting gauge of what waits for something before it is in the place of what was there */
  private async warm(waiting: RegExp): Promise<void> {
    const until = performance.now() + warmMs;
    while (performance.now() < until) {
      const gauges = await this.admin.stats(waiting);
      if ([...gauges.values()].every((count) => count === 0)) return;
      await sleep(pollMs);
    }
  }
}

function both({ clusters, endpoints }: EnvoyResources, more: readonly TypedJson[], moreEndpoints: readonly TypedJson[]): string {
  return response([...withEndpoints(clusters, endpoints), ...withEndpoints(more, moreEndpoints)]);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
