import type { Clock } from '../core/clock.ts';

/** How often a peer may do something: `burst` at once, and `perSecond` over time. */
export interface Rate {
  burst: number;
  perSecond: number;
}

/** Streams that a client opens and resets: each costs us a request, and the client nothing. */
export const streamResets: Rate = { burst: 1000, perSecond: 33 };
/** Frames that carry nothing for a request: PING, SETTINGS, PRIORITY, empty DATA … Those who measure bandwidth send many PINGs. */
export const idleFrames: Rate = { burst: 10_000, perSecond: 1000 };

/** A bucket that fills with every event and empties over time; full: somebody abuses the connection. */
export class FloodGuard {
  private readonly rate: Rate;
  private readonly clock: Clock;
  private level = 0;
  private since = 0;

  constructor(rate: Rate, clock: Clock) {
    this.rate = rate;
    this.clock = clock;
  }

  /** @returns false when there are too many */
  allows(): boolean {
    if (++this.level <= this.rate.burst / 2) return true;
    // The clock is not read while there is nothing to judge.
    const now = this.clock.now();
    if (this.since !== 0) this.level = Math.max(0, this.level - ((now - this.since) / 1000) * this.rate.perSecond);
    this.since = now;
    return this.level <= this.rate.burst;
  }
}
