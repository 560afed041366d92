export interface BackoffLimits {
  /** Of the first wait, in milliseconds; each further one is twice as long. */
  firstMs: number;
  longestMs: number;
}

/** A server that comes back is not asked by all of its clients at the same time: each wait is shortened by chance, by up to a half. */
export class Backoff {
  failures = 0;
  private readonly limits: BackoffLimits;
  private readonly random: () => number;

  constructor(limits: BackoffLimits = { firstMs: 250, longestMs: 15_000 }, random: () => number = Math.random) {
    this.limits = limits;
    this.random = random;
  }

  /** Milliseconds to wait after one more failure; never less than what the server asked for. */
  next(atLeastMs = 0): number {
    const { firstMs, longestMs } = this.limits;
    const whole = Math.min(longestMs, firstMs * 2 ** Math.min(this.failures, 30));
    this.failures++;
    return Math.max(atLeastMs, whole * (1 - this.random() / 2));
  }

  reset(): void {
    this.failures = 0;
  }
}

/** One wait at a time, until it is closed. */
export class Pause {
  private wake: (() => void) | undefined;
  private closed = false;

  async wait(ms: number): Promise<void> {
    if (this.closed) return;
    if (this.wake) throw new Error('it waits already');
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = undefined;
  }

  /** Ends a wait, and all further ones at once. */
  close(): void {
    this.closed = true;
    this.wake?.();
  }
}
