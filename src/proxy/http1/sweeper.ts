// Connections change what they wait for with every request, and almost never wait too long. A timer for each change would cost more
// than parsing a request: a deadline is a number, and all of them are looked at now and then.

/** Something that is to be ended when it lasts too long. */
export interface Expiring {
  /** Time of the sweeper; 0: none. */
  deadline: number;
  onDeadline(): void;
}

const tickMs = 100;

/** Looks at deadlines every 100 ms: one is met up to 200 ms late, never early. */
export class Sweeper {
  private readonly members = new Set<Expiring>();
  private timer: NodeJS.Timeout | undefined;
  private now = 0;

  /** Milliseconds; up to 100 ms ago. */
  get time(): number {
    return this.now;
  }

  /** A deadline this many milliseconds from now. */
  in(ms: number): number {
    return this.now + tickMs + ms;
  }

  add(member: Expiring): void {
    this.members.add(member);
    if (this.timer !== undefined) return;
    this.now = performance.now();
    this.timer = setInterval(() => this.sweep(), tickMs);
    this.timer.unref();
  }

  delete(member: Expiring): void {
    this.members.delete(member);
    if (this.members.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private sweep(): void {
    this.now = performance.now();
    for (const member of this.members) {
      if (member.deadline === 0 || member.deadline > this.now) continue;
      member.deadline = 0;
      member.onDeadline();
    }
  }
}

/** For all connections of this thread. */
export const sweeper = new Sweeper();
