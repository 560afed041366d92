import type { Breakers } from './core/balance/breakers.ts';
import type { Timer } from './core/clock.ts';
import type { ExchangeRecord } from './core/exchange-record.ts';
import { addFlag, flags } from './core/response-flags.ts';
import { backoffMs, type CompiledRetry } from './core/retry.ts';
import type { ExchangeDeps } from './http-scope.ts';

/** The retries of one request: how many are left, and the place that each takes among those of its cluster. */
export class Retries {
  private readonly retry: CompiledRetry;
  private readonly breakers: Breakers;
  left: number;
  /** One is waited for, or under way. */
  private taken = false;
  private timer: Timer | undefined = undefined;

  constructor(retry: CompiledRetry, breakers: Breakers) {
    this.retry = retry;
    this.breakers = breakers;
    this.left = retry.attempts;
  }

  /** Whether there may be one more; says why not in the record (RT-R78, RT-R79). */
  take(record: ExchangeRecord): boolean {
    this.release();
    if (this.left <= 0) {
      if (this.retry.attempts >= 0) record.flags = addFlag(record.flags, flags.upstreamRetryLimitExceeded);
      return false;
    }
    if (!this.breakers.tryRetry()) {
      record.flags = addFlag(record.flags, flags.upstreamOverflow);
      return false;
    }
    this.taken = true;
    this.left--;
    return true;
  }

  /** Calls back when it is time for the one that was taken. */
  schedule({ clock, random }: Pick<ExchangeDeps, 'clock' | 'random'>, again: () => void): void {
    this.timer = clock.setTimer(backoffMs(this.retry, this.retry.attempts - this.left, random), () => {
      this.timer = undefined;
      again();
    });
  }

  /** The one that was taken is over. */
  release(): void {
    if (!this.taken) return;
    this.taken = false;
    this.breakers.retries.release();
  }

  /** There will be none. */
  cancel(): void {
    this.timer?.cancel();
    this.release();
  }
}
