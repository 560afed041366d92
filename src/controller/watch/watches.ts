import type { KubeClient } from '../../kube/client.ts';
import type { KubeError } from '../../kube/error.ts';
import { Informer } from '../../kube/informer.ts';
import type { KubeObject } from '../../kube/object.ts';
import { ServedKinds } from './served-kinds.ts';
import { strip } from './strip.ts';

/** What is watched: all objects of a kind, or one by its name. */
export interface Watched {
  /** By its name in src/manifest/kinds.ts, or `Secret`. */
  kind: string;
  namespace?: string;
  name?: string;
}

export interface WatchEvents {
  /** An object came, changed, or went (undefined). */
  changed(watched: Watched, namespace: string, name: string, object: KubeObject | undefined): void;
  /** Once for each outage of each kind. */
  problem(watched: Watched, error: KubeError): void;
}

export interface WatchState extends Watched {
  objects: number;
  isSynced: boolean;
  /** Of the outage that lasts, or the last one. */
  problem: string | undefined;
}

interface Entry {
  watched: Watched;
  informer: Informer;
  isSynced: boolean;
  problem: string | undefined;
}

/** Keeps objects of a cluster as they are there, kinds that are defined later included. */
export class Watches {
  /** Settles when all that is watched was read once. */
  readonly synced: Promise<void>;
  private readonly entries: readonly Entry[];

  /** @param unknown is told of kinds that the cluster serves in versions only that nothing is known of */
  constructor(client: KubeClient, wanted: readonly Watched[], events: WatchEvents, unknown: (problem: string) => void) {
    const served = new ServedKinds(client, unknown);
    this.entries = wanted.map((watched) => {
      const { kind, namespace, name } = watched;
      const entry: Entry = {
        watched,
        isSynced: false,
        problem: undefined,
        informer: new Informer(
          client,
          () => served.find(kind),
          { namespace, ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }), strip: (object) => strip(kind, object) },
          {
            changed: ({ before, after }) => {
              const { metadata } = (after ?? before) as KubeObject;
              entry.problem = undefined;
              events.changed(watched, metadata.namespace ?? '', metadata.name ?? '', after);
            },
            synced: () => {
              entry.isSynced = true;
              entry.problem = undefined;
            },
            problem: (error) => {
              entry.problem = error.message;
              events.problem(watched, error);
            },
          },
        ),
      };
      return entry;
    });
    this.synced = Promise.all(this.entries.map(({ informer }) => informer.synced)).then(() => {});
  }

  start(): void {
    for (const { informer } of this.entries) informer.start();
  }

  stop(): void {
    for (const { informer } of this.entries) informer.stop();
  }

  states(): WatchState[] {
    return this.entries.map(({ watched, informer, isSynced, problem }) => ({ ...watched, objects: informer.store.size, isSynced, problem }));
  }

  /** Objects of a kind by `namespace/name`, or by name; empty for a kind that is not watched. */
  store(kind: string): ReadonlyMap<string, KubeObject> {
    return this.entries.find(({ watched }) => watched.kind === kind && watched.name === undefined)?.informer.store ?? nothing;
  }

  /** Everything of a kind that happened up to this resource version is in its store; empty: nothing was read, or it is not watched. */
  version(kind: string): string {
    return this.entries.find(({ watched }) => watched.kind === kind && watched.name === undefined)?.informer.resourceVersion ?? '';
  }

  /** Of objects of one name. */
  storeOf(kind: string, name: string): ReadonlyMap<string, KubeObject> {
    return this.entries.find(({ watched }) => watched.kind === kind && watched.name === name)?.informer.store ?? nothing;
  }
}

const nothing: ReadonlyMap<string, KubeObject> = new Map();
