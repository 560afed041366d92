import type { Clock, Timer } from './core/clock.ts';

// Almost every request has timeouts, and almost none of them is reached. A timer of node costs a request a quarter of a microsecond;
// here it costs a link in a list.

/** Timers that take longer are queued. */
const queuedMs = 1000;

class ShortTimer implements Timer {
  private readonly timeout: NodeJS.Timeout;

  constructor(ms: number, fire: () => void) {
    this.timeout = setTimeout(fire, ms);
  }

  cancel(): void {
    clearTimeout(this.timeout);
  }
}

class QueuedTimer implements Timer {
  readonly deadline: number;
  readonly fire: () => void;
  previous: QueuedTimer | undefined = undefined;
  next: QueuedTimer | undefined = undefined;

  constructor(deadline: number, fire: () => void) {
    this.deadline = deadline;
    this.fire = fire;
  }

  /** Out of its queue. */
  cancel(): void {
    const { previous, next } = this;
    if (previous === undefined || next === undefined) return;
    previous.next = next;
    next.previous = previous;
    this.previous = undefined;
    this.next = undefined;
  }
}

/** Timers of one duration end in the order in which they began: one of node's is enough for all of them. */
class TimerQueue {
  /** A ring: the first is `next` of this one, the last `previous`. */
  private readonly ring = new QueuedTimer(0, () => {});
  private readonly onEmpty: () => void;
  private readonly run = (): void => this.fireDue();

  constructor(onEmpty: () => void) {
    this.onEmpty = onEmpty;
    this.ring.previous = this.ring;
    this.ring.next = this.ring;
  }

  add(ms: number, fire: () => void, from: number): Timer {
    const { ring } = this;
    const timer = new QueuedTimer(from + ms, fire);
    const last = ring.previous as QueuedTimer;
    timer.previous = last;
    timer.next = ring;
    last.next = timer;
    ring.previous = timer;
    return timer;
  }

  /** Whoever waits for a timer has a socket open: it need not keep the process alive. */
  sleep(ms: number): void {
    setTimeout(this.run, Math.max(1, Math.ceil(ms))).unref();
  }

  private fireDue(): void {
    const { ring } = this;
    const time = now();
    try {
      for (let first = ring.next as QueuedTimer; first !== ring && first.deadline <= time; first = ring.next as QueuedTimer) {
        first.cancel();
        first.fire();
      }
    } finally {
      const first = ring.next as QueuedTimer;
      if (first === ring) this.onEmpty();
      else this.sleep(first.deadline - time);
    }
  }
}

const queues = new Map<number, TimerQueue>();
/** Most timers of a time have one of two durations. */
let lastMs = -1;
let lastQueue: TimerQueue | undefined;

function queued(ms: number, fire: () => void, from: number): Timer {
  if (ms !== lastMs || lastQueue === undefined) {
    lastQueue = queues.get(ms);
    if (lastQueue === undefined) {
      lastQueue = new TimerQueue(() => {
        queues.delete(ms);
        if (lastMs === ms) lastQueue = undefined;
      });
      queues.set(ms, lastQueue);
      lastQueue.sleep(from + ms - now());
    }
    lastMs = ms;
  }
  return lastQueue.add(ms, fire, from);
}

/** Worker threads compare instants: all count from the same one, which performance.now() alone does not. */
const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now();

function now(): number {
  return offset + performance.now();
}

/** The machine's time. */
export const realClock: Clock = {
  now,
  wallTime: () => Date.now(),
  setTimer: (ms, fire, from) => (ms > queuedMs && ms < 2 ** 31 ? queued(ms, fire, from ?? now()) : new ShortTimer(ms, fire)),
};
