import { Backoff, type BackoffLimits, Pause } from './backoff.ts';
import type { KubeClient, KubeResource } from './client.ts';
import { KubeError } from './error.ts';
import type { KubeObject } from './object.ts';

export interface InformerEvents {
  /** One object was made (`after` only), changed (both), or removed (`before` only). The store has it already. */
  changed(change: { before?: KubeObject; after?: KubeObject }): void;
  /** Once: the store has all there is. A kind that the cluster does not serve has nothing. */
  synced?(): void;
  /** Once for each outage; the store stays as it was, and what changed in between is told after it. */
  problem?(error: KubeError): void;
}

export interface InformerOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Lists again so often even where the watch is well. Default: never. */
  resyncMs?: number;
  /** Drops what is not needed, to save memory: the store has what it returns. Metadata has to stay, except managed fields. */
  strip?: (object: KubeObject) => KubeObject;
  /** How often a kind that the cluster does not serve is asked for; default 10 s. */
  absentMs?: number;
  retry?: BackoffLimits;
}

/** What comes after a list or a watch ended: `again` watches from where it was. */
type Next = 'list' | 'again';

/** 429 is told when it lasts: after a kind was defined its watch takes a moment to open. */
const busyUntold = 5;
/** A watch that stood for so long was no failed attempt when it ends. */
const steadyMs = 5_000;
const defaultAbsentMs = 10_000;

type Source = Pick<KubeClient, 'list' | 'watch'>;

/**
 * All objects of one kind, kept as the API server has them: list, then watch. It goes on after lost connections, restarts of the server
 * and expired versions (410, where it lists and tells only the difference), and waits where it is too fast (429).
 *
 * Changes are told one after the other, in the server's order for each object; what `changed` throws is not caught.
 */
export class Informer {
  /** Settles with the first whole list; never, where the informer is stopped before. */
  readonly synced: Promise<void>;
  private readonly source: Source;
  private readonly find: () => Promise<KubeResource | undefined>;
  private readonly options: InformerOptions;
  private readonly events: InformerEvents;
  private readonly objects = new Map<string, KubeObject>();
  private readonly pause = new Pause();
  private readonly backoff: Backoff;
  private settle: (() => void) | undefined;
  private version = '';
  /** When the version was that of a list. */
  private listedAt = 0;
  private told = false;
  private running = false;
  private stopped = false;
  private request: AbortController | undefined;

  constructor(client: Source, resource: KubeResource | (() => Promise<KubeResource | undefined>), options: InformerOptions, events: InformerEvents) {
    this.source = client;
    this.find = typeof resource === 'function' ? resource : async () => resource;
    this.options = options;
    this.events = events;
    this.backoff = new Backoff(options.retry);
    this.synced = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** By `namespace/name`, or `name` of kinds without namespaces. */
  get store(): ReadonlyMap<string, KubeObject> {
    return this.objects;
  }

  /** Everything that happened up to this version of the list is in the store; empty: nothing was read yet. */
  get resourceVersion(): string {
    return this.version;
  }

  /** Once; one that was stopped stays so. */
  start(): void {
    if (this.running || this.stopped) return;
    this.running = true;
    void this.run();
  }

  /** Nothing is told after it. */
  stop(): void {
    this.stopped = true;
    this.request?.abort();
    this.pause.close();
  }

  private async run(): Promise<void> {
    let resource: KubeResource | undefined;
    let next: Next = 'list';
    while (!this.stopped) {
      resource ??= await this.resource();
      if (!resource) continue;
      next = next === 'list' ? await this.list(resource) : await this.watch(resource);
      // What serves the kind is asked for again with each list: it may have moved to another version, or be gone.
      if (next === 'list') resource = undefined;
    }
  }

  /** Undefined after a wait. */
  private async resource(): Promise<KubeResource | undefined> {
    try {
      const found = await this.find();
      if (found || this.stopped) return found;
    } catch (error) {
      await this.failed(error);
      return undefined;
    }
    await this.absent();
    return undefined;
  }

  /** The cluster does not serve the kind: there are no objects, until it does. */
  private async absent(): Promise<void> {
    this.recovered();
    this.replace([]);
    await this.pause.wait(this.options.absentMs ?? defaultAbsentMs);
  }

  private async list(resource: KubeResource): Promise<Next> {
    const request = new AbortController();
    this.request = request;
    let listed: Awaited<ReturnType<Source['list']>>;
    try {
      listed = await this.source.list(resource, { ...this.selection(), signal: request.signal });
    } catch (error) {
      if (isGone(error)) await this.absent();
      else await this.failed(error);
      return 'list';
    }
    this.version = listed.resourceVersion;
    this.listedAt = performance.now();
    this.recovered();
    this.replace(listed.items);
    return 'again';
  }

  private async watch(resource: KubeResource): Promise<Next> {
    const { resyncMs } = this.options;
    const request = new AbortController();
    this.request = request;
    const started = performance.now();
    let next: Next = 'again';
    const resync = (): void => {
      next = 'list';
      request.abort();
    };
    const timer = resyncMs === undefined ? undefined : setTimeout(resync, Math.max(0, this.listedAt + resyncMs - started));
    let heard = false;
    let failure: { error: unknown } | undefined;
    const events = this.source
      .watch(resource, { ...this.selection(), resourceVersion: this.version, signal: request.signal, bookmarks: true })
      [Symbol.asyncIterator]();
    try {
      for (;;) {
        const event = await settled(events.next());
        if (request.signal.aborted) break;
        if ('error' in event) {
          failure = event;
          break;
        }
        if (event.done) break;
        heard = true;
        this.hear(event.value.type, event.value.object);
      }
    } finally {
      clearTimeout(timer);
      request.abort();
      // Not waited for: what serves the events may be at the end of a connection that never answers.
      events.return?.().catch(() => {});
    }
    const steady = heard || performance.now() - started > steadyMs;
    if (failure) return await this.lost(failure.error, steady);
    // The server ends every watch after a while; one that ends at once, over and over, is not asked for in a loop.
    if (!steady && next === 'again') await this.pause.wait(this.backoff.next());
    return next;
  }

  private hear(type: string, object: KubeObject): void {
    this.recovered();
    this.version = object.metadata.resourceVersion ?? this.version;
    if (type === 'DELETED') this.remove(keyOf(object), object);
    else if (type !== 'BOOKMARK') this.put(object);
  }

  private selection(): { namespace?: string | undefined; labelSelector?: string | undefined; fieldSelector?: string | undefined } {
    const { namespace, labelSelector, fieldSelector } = this.options;
    return { namespace, labelSelector, fieldSelector };
  }

  /** A watch ended with an error. */
  private async lost(error: unknown, stood: boolean): Promise<Next> {
    if (!(error instanceof KubeError)) throw error;
    if (isExpired(error) || isGone(error)) {
      // A list whose version is too old at once means a server that is behind: not in a loop.
      if (!stood) await this.pause.wait(this.backoff.next());
      return 'list';
    }
    if (stood) {
      this.backoff.reset();
      await this.pause.wait(this.backoff.next());
      return 'again';
    }
    await this.failed(error);
    // After an outage a list says for certain that it is over, and what changed.
    return error.status === 429 ? 'again' : 'list';
  }

  private async failed(error: unknown): Promise<void> {
    if (this.stopped) return;
    if (!(error instanceof KubeError)) throw error;
    const wait = this.backoff.next(error.retryAfterMs);
    if (!this.told && (error.status !== 429 || this.backoff.failures >= busyUntold)) {
      this.told = true;
      this.events.problem?.(error);
    }
    await this.pause.wait(wait);
  }

  private recovered(): void {
    this.backoff.reset();
    this.told = false;
  }

  /** Makes the store what a list has. */
  private replace(items: readonly KubeObject[]): void {
    if (this.stopped) return;
    const keys = new Set(items.map(keyOf));
    for (const [key, object] of this.objects) {
      if (this.stopped) return;
      if (!keys.has(key)) this.remove(key, object);
    }
    for (const item of items) {
      if (this.stopped) return;
      this.put(item);
    }
    const settle = this.settle;
    this.settle = undefined;
    settle?.();
    if (settle) this.events.synced?.();
  }

  private put(object: KubeObject): void {
    const key = keyOf(object);
    const before = this.objects.get(key);
    if (before && before.metadata.uid !== object.metadata.uid) {
      // Another object of the same name: its forerunner was removed while nothing was heard.
      this.remove(key, before);
      if (this.stopped) return;
    } else if (before && before.metadata.resourceVersion === object.metadata.resourceVersion) return;
    const after = this.options.strip ? this.options.strip(object) : object;
    this.objects.set(key, after);
    this.events.changed(before && before.metadata.uid === object.metadata.uid ? { before, after } : { after });
  }

  private remove(key: string, object: KubeObject): void {
    const before = this.objects.get(key);
    // A removal that is about an earlier object of that name.
    if (!before || (object.metadata.uid !== undefined && before.metadata.uid !== object.metadata.uid)) return;
    this.objects.delete(key);
    this.events.changed({ before });
  }
}

async function settled<T extends object>(promise: Promise<T>): Promise<T | { error: unknown }> {
  try {
    return await promise;
  } catch (error) {
    return { error };
  }
}

function keyOf({ metadata: { namespace, name = '' } }: KubeObject): string {
  return namespace ? `${namespace}/${name}` : name;
}

function isExpired(error: unknown): boolean {
  return error instanceof KubeError && (error.status === 410 || error.reason === 'Expired' || error.reason === 'Gone');
}

/** The kind is not served: its definition was removed. */
function isGone(error: unknown): boolean {
  return error instanceof KubeError && error.status === 404;
}
