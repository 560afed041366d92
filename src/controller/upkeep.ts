import type { Clock } from '../envoy/xds/clock.ts';
import { Backoff } from '../kube/backoff.ts';
import { KubeError } from '../kube/error.ts';
import type { ScopeLog } from '../proxy/telemetry/log.ts';

export interface UpkeepSettings {
  /** What is kept, at the beginning of a sentence: `certificates of the webhooks`. */
  what: string;
  /** Looks whether anything is to be done, and does it. @throws KubeError where the cluster does not take it, and others */
  look(): Promise<void>;
  /** So long after a look there is another one, in milliseconds. */
  everyMs: number;
  clock: Clock;
  log: ScopeLog;
}

/**
 * Keeps something that all replicas share as it is to be: looks after it when somebody asks for that, from time to time, and again after
 * a failure, which is told once.
 */
export class Upkeep {
  private readonly settings: UpkeepSettings;
  private readonly backoff = new Backoff({ firstMs: 1_000, longestMs: 30_000 });
  private looking: Promise<void> | undefined;
  private again = false;
  private cancel: (() => void) | undefined;
  private stopped = false;
  private told = false;

  constructor(settings: UpkeepSettings) {
    this.settings = settings;
  }

  /** Looks, and once more where a look is under way. */
  look(): void {
    if (this.stopped) return;
    this.again = true;
    this.looking ??= this.run().finally(() => {
      this.looking = undefined;
    });
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancel?.();
    await this.looking;
  }

  private async run(): Promise<void> {
    const { what, look, everyMs, clock, log } = this.settings;
    let pause = everyMs;
    while (this.again && !this.stopped) {
      this.again = false;
      try {
        await look();
        this.backoff.reset();
        this.told = false;
        pause = everyMs;
      } catch (error) {
        const known = error instanceof KubeError ? error : undefined;
        // Another replica was faster: the watch tells what it made.
        if (known?.reason !== 'AlreadyExists' && known?.reason !== 'Conflict') {
          if (!this.told) log.error(`${what} cannot be kept, which is tried again: ${(error as Error).message}`);
          this.told = true;
        }
        pause = this.backoff.next(known?.retryAfterMs);
      }
    }
    this.cancel?.();
    if (!this.stopped) this.cancel = clock.after(pause, () => this.look());
  }
}
