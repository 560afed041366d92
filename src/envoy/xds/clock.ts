export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls once, unless the returned function is called before. */
  after(ms: number, call: () => void): () => void;
}

/** Never goes back. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

/** The time that others have, too, for what ends at a date: it jumps when the clock is set, and goes on while a machine sleeps. */
export const wallClock: Clock = { now: () => Date.now(), after: systemClock.after };

/** Runs a task when changes have come to rest, or when the first has waited long enough. */
export class Debounce {
  readonly #clock: Clock;
  readonly #quietMs: number;
  readonly #maxMs: number;
  readonly #run: () => void;
  #cancel: (() => void) | undefined;
  #first = 0;

  /** @param quietMs without a further change @param maxMs since the first one */
  constructor(clock: Clock, quietMs: number, maxMs: number, run: () => void) {
    this.#clock = clock;
    this.#quietMs = quietMs;
    this.#maxMs = maxMs;
    this.#run = run;
  }

  changed(): void {
    const now = this.#clock.now();
    if (this.#cancel) this.#cancel();
    else this.#first = now;
    const wait = Math.max(0, Math.min(this.#quietMs, this.#first + this.#maxMs - now));
    this.#cancel = this.#clock.after(wait, () => {
      this.#cancel = undefined;
      this.#run();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
