import type { Clock } from '../../envoy/xds/clock.ts';
import { Backoff } from '../../kube/backoff.ts';
import type { KubeClient } from '../../kube/client.ts';
import { KubeError } from '../../kube/error.ts';
import { type KubeObject, type ObjectRef, refOf, refText } from '../../kube/object.ts';
import { resourcePath } from '../../kube/path.ts';

export interface StatusWriterSettings {
  /** Writes the conditions of an object; false: there is nothing of that name any more, or it has changed since. */
  write(object: KubeObject, conditions: unknown[]): Promise<boolean>;
  /** What is to be written, found when it is its turn; undefined: nothing. */
  wanted(identity: string): { object: KubeObject; conditions: unknown[] } | undefined;
  /** Whether this replica may write. */
  mayWrite(): boolean;
  clock: Clock;
  /** Between two writes; default 100 ms. */
  pauseMs?: number;
  written(result: 'written' | 'outdated' | 'failed'): void;
  /** Told once for each outage. */
  problem(error: KubeError): void;
}

/** Writes statuses one after the other, no faster than ten a second, and each only where it says something new. */
export class StatusWriter {
  private readonly settings: StatusWriterSettings;
  private readonly queue = new Set<string>();
  private readonly backoff = new Backoff({ firstMs: 1_000, longestMs: 60_000 });
  private cancel: (() => void) | undefined;
  private busy = false;
  private stopped = false;
  private told = false;

  constructor(settings: StatusWriterSettings) {
    this.settings = settings;
  }

  /** Something may have to be written about these objects. */
  add(identities: Iterable<string>): void {
    if (this.stopped || !this.settings.mayWrite()) return;
    for (const identity of identities) this.queue.add(identity);
    this.next(0);
  }

  /** This replica does not lead any more: who leads now finds out itself what there is to write. */
  forget(): void {
    this.queue.clear();
    this.cancel?.();
    this.cancel = undefined;
  }

  stop(): void {
    this.stopped = true;
    this.forget();
  }

  get waiting(): number {
    return this.queue.size;
  }

  private next(ms: number): void {
    if (this.cancel || this.busy || this.stopped || this.queue.size === 0) return;
    this.cancel = this.settings.clock.after(ms, () => {
      this.cancel = undefined;
      this.busy = true;
      void this.turn().then((pause) => {
        this.busy = false;
        this.next(pause);
      });
    });
  }

  /** @returns milliseconds to wait before the next one */
  private async turn(): Promise<number> {
    const { settings, queue } = this;
    for (const identity of queue) {
      queue.delete(identity);
      if (!settings.mayWrite()) return 0;
      const wanted = settings.wanted(identity);
      if (!wanted) continue;
      try {
        settings.written((await settings.write(wanted.object, wanted.conditions)) ? 'written' : 'outdated');
        this.backoff.reset();
        this.told = false;
        return settings.pauseMs ?? 100;
      } catch (error) {
        if (!(error instanceof KubeError)) throw error;
        settings.written('failed');
        if (!this.told) settings.problem(error);
        this.told = true;
        // What the server refuses for good is not asked again until the object changes.
        if (error.status !== 422 && error.status !== 400) queue.add(identity);
        return this.backoff.next(error.retryAfterMs);
      }
    }
    return 0;
  }
}

/** Writes conditions with server-side apply, and only to the version of the object that was looked at. */
export async function applyConditions(client: KubeClient, object: KubeObject, conditions: unknown[]): Promise<boolean> {
  const ref: ObjectRef = refOf(object);
  const resource = await client.resource(ref.apiVersion, ref.kind);
  if (!resource) return false;
  const { name, namespace, resourceVersion } = object.metadata;
  try {
    await client.request(resourcePath(resource, namespace, name, 'status'), {
      method: 'PATCH',
      contentType: 'application/apply-patch+yaml',
      // The list of conditions is one field: others' are in it, as they were.
      query: { fieldManager: 'weft-controller', force: true },
      body: { apiVersion: ref.apiVersion, kind: ref.kind, metadata: { name, namespace, resourceVersion }, status: { conditions } },
      purpose: `write the status of ${refText(ref)}`,
    });
    return true;
  } catch (error) {
    // It is gone, or has changed: that is told soon, and looked at then.
    if (error instanceof KubeError && (error.status === 404 || error.reason === 'Conflict')) return false;
    throw error;
  }
}
