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

/** Worker threads compare instants: all count from the same one, which performance.now() alone does not. */
const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** The machine's time. */
export const realClock: Clock = {
  now: () => offset + performance.now(),
  wallTime: () => Date.now(),
  setTimer: (ms, fire) => new RealTimer(ms, fire),
};
