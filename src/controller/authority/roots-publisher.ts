// The roots of the mesh in every namespace, where pods find them: ConfigMap `istio-ca-root-cert`.
import type { Clock } from '../../envoy/xds/clock.ts';
import { Backoff } from '../../kube/backoff.ts';
import { KubeError } from '../../kube/error.ts';
import type { KubeObject } from '../../kube/object.ts';
import { isMap } from '../../model/untyped.ts';
import type { ScopeLog } from '../../proxy/telemetry/log.ts';

export const rootsConfigMap = 'istio-ca-root-cert';
export const rootsKey = 'root-cert.pem';

export interface RootsPublisherSettings {
  /** Namespaces of the cluster, without those that are going. */
  namespaces(): Iterable<string>;
  /** The ConfigMap of a namespace; undefined: there is none. */
  inNamespace(namespace: string): KubeObject | undefined;
  /** Server-side apply. */
  apply(object: KubeObject): Promise<unknown>;
  labels: Readonly<Record<string, string>>;
  mayWrite(): boolean;
  clock: Clock;
  log: ScopeLog;
}

/** Somebody who takes it away again and again makes a round of writes in this time at most. */
const pauseMs = 1_000;
/** Writes at a time. */
const together = 8;

export class RootsPublisher {
  private readonly settings: RootsPublisherSettings;
  private readonly backoff = new Backoff({ firstMs: 1_000, longestMs: 60_000 });
  private roots = '';
  private running: Promise<void> | undefined;
  private again = false;
  private cancel: (() => void) | undefined;
  private stopped = false;

  constructor(settings: RootsPublisherSettings) {
    this.settings = settings;
  }

  /** @param roots PEM */
  publish(roots: string): void {
    this.roots = roots;
    this.look();
  }

  /** A namespace or one of the ConfigMaps has changed, or this replica leads now. */
  look(): void {
    if (this.roots === '' || this.stopped) return;
    if (this.running || this.cancel) this.again = true;
    else this.run();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.cancel?.();
    await this.running;
  }

  private run(): void {
    this.again = false;
    this.running = this.write().then((pause) => {
      this.running = undefined;
      if (this.stopped) return;
      this.cancel = this.settings.clock.after(pause, () => {
        this.cancel = undefined;
        if (this.again) this.run();
      });
    });
  }

  /** @returns milliseconds until the next look, at least */
  private async write(): Promise<number> {
    const { settings } = this;
    if (!settings.mayWrite()) return pauseMs;
    const wanted = [...settings.namespaces()].filter((namespace) => !this.hasRoots(settings.inNamespace(namespace)));
    let failure: KubeError | undefined;
    let written = 0;
    while (wanted.length > 0 && !this.stopped && settings.mayWrite()) {
      const results = await Promise.all(wanted.splice(0, together).map((namespace) => this.give(namespace)));
      for (const result of results) {
        if (result) failure = result;
        else written++;
      }
    }
    if (written > 0) settings.log.info('the roots of the mesh were written', { namespaces: written });
    if (!failure) {
      this.backoff.reset();
      return pauseMs;
    }
    settings.log.error(`the roots of the mesh cannot be written everywhere, which is tried again: ${failure.message}`);
    this.again = true;
    return this.backoff.next(failure.retryAfterMs);
  }

  /** @returns why it could not be; undefined: it is there, or the namespace is not any more */
  private async give(namespace: string): Promise<KubeError | undefined> {
    const { apply, labels } = this.settings;
    try {
      await apply({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { namespace, name: rootsConfigMap, labels: { ...labels } },
        data: { [rootsKey]: this.roots },
      });
      return undefined;
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      // A namespace that is going takes nothing new.
      return error.status === 404 || (error.status === 403 && /being terminated/.test(error.message)) ? undefined : error;
    }
  }

  private hasRoots(map: KubeObject | undefined): boolean {
    const data = isMap(map?.data) ? map.data : {};
    return data[rootsKey] === this.roots;
  }
}
