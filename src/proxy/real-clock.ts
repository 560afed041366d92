import type { Clock, Timer } from './core/clock.ts';

class RealTimer implements Timer {
  private readonly timeout: NodeJS.Timeout;

  constructor(ms: number, fire: () => void) {
    this.timeout = setTimeout(fire, ms);
  }

  cancel(): void {
    clearTimeout(this.timeout);
  }
}

/** The machine's time. */
export const realClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  setTimer: (ms, fire) => new RealTimer(ms, fire),
};
