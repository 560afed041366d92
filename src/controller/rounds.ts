import type { Clock } from '../envoy/xds/clock.ts';

/** How a round ended. */
export interface Round {
  /** Milliseconds until the next one, at least. */
  pauseMs: number;
  /** There is one in any case: not all was done. */
  again: boolean;
}

/** Work that is done in rounds: one at a time, with a pause after each, however often it is asked for. */
export class Rounds {
  private readonly clock: Clock;
  private readonly round: () => Promise<Round>;
  private running: Promise<void> | undefined;
  private cancel: (() => void) | undefined;
  private again = false;
  private stopped = false;

  constructor(clock: Clock, round: () => Promise<Round>) {
    this.clock = clock;
    this.round = round;
  }

  /** A round now, or after the pause of the last one. */
  ask(): void {
    if (this.stopped) return;
    if (this.running || this.cancel) this.again = true;
    else this.run();
  }

  get isStopped(): boolean {
    return this.stopped;
  }

  /** Resolves when no round is under way any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancel?.();
    await this.running;
  }

  private run(): void {
    this.again = false;
    this.running = this.round().then(({ pauseMs, again }) => {
      this.running = undefined;
      this.again ||= again;
      if (this.stopped) return;
      this.cancel = this.clock.after(pauseMs, () => {
        this.cancel = undefined;
        if (this.again) this.run();
      });
    });
  }
}
