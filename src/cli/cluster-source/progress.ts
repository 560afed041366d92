import type { LoadProgress } from '../../kube/load.ts';
import { isTerminal, write } from '../terminal.ts';

/** Whoever waits for longer than this, in milliseconds, wants to know for what. */
const patienceMs = 1000;
/** A person reads no faster. */
const pauseMs = 100;

const clearLine = '\r\u001b[K';

/** One line on a terminal that tells how far the reading of a cluster is. On anything else it says nothing. */
export class ReadingProgress {
  private readonly name: string;
  private readonly start = performance.now();
  private readonly shows = isTerminal('stderr') && process.env.TERM !== 'dumb';
  private written = 0;

  constructor(name: string) {
    this.name = name;
  }

  update({ kinds, ofKinds, objects }: LoadProgress): void {
    const now = performance.now();
    if (!this.shows || now - this.start < patienceMs || now - this.written < pauseMs) return;
    this.written = now;
    write('stderr', `${clearLine}Reading cluster ${this.name}: ${kinds} of ${ofKinds} kinds, ${objects} objects`);
  }

  end(): void {
    if (this.written > 0) write('stderr', clearLine);
  }
}
