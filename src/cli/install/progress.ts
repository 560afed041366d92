import type { Ora } from 'ora';
import type { Style } from '../../analysis/report/style.ts';
import { isTerminal, write } from '../terminal.ts';

/** Lines of what is done, on stderr: with a spinner on a terminal, and plain else. */
export interface Progress {
  start(doing: string): void;
  /** What it waits for. */
  wait(reason: string): void;
  done(text: string): void;
  fail(text: string): void;
  /** Nothing of it stays on the terminal. */
  stop(): void;
}

/** ora is loaded on terminals only; in CI, which has some, lines of a log are better. */
export async function createProgress(style: Style, colour: boolean): Promise<Progress> {
  const { CI, TERM } = process.env;
  if (!isTerminal('stderr') || (CI && CI !== 'false') || TERM === 'dumb') return new PlainProgress(style);
  // A spinner clears as many lines as it counts, and counts by the width.
  if (!process.stderr.columns) return new PlainProgress(style);
  const { default: ora } = await import('ora');
  return new SpinnerProgress(ora({ stream: process.stderr, discardStdin: false, color: colour ? 'cyan' : false }), style);
}

/** What takes longer than this is said, in milliseconds. */
const patienceMs = 3_000;

/** A reason is said when it lasts, and once. */
class PlainProgress implements Progress {
  private readonly style: Style;
  private timer: NodeJS.Timeout | undefined;
  private reason = '';
  private said = '';

  constructor(style: Style) {
    this.style = style;
  }

  start(): void {
    this.stop();
    this.timer = setInterval(() => this.say(), patienceMs);
    this.timer.unref();
  }

  wait(reason: string): void {
    this.reason = reason;
  }

  done(text: string): void {
    this.stop();
    write('stderr', `${this.style.good('✔')} ${text}\n`);
  }

  fail(text: string): void {
    this.stop();
    write('stderr', `${this.style.error('✘')} ${text}\n`);
  }

  stop(): void {
    clearInterval(this.timer);
    this.reason = '';
    this.said = '';
  }

  private say(): void {
    if (this.reason !== '' && this.reason !== this.said) write('stderr', `  waiting for ${this.reason}\n`);
    this.said = this.reason;
  }
}

class SpinnerProgress implements Progress {
  private readonly spinner: Ora;
  private readonly style: Style;
  private doing = '';

  constructor(spinner: Ora, style: Style) {
    this.spinner = spinner;
    this.style = style;
  }

  start(doing: string): void {
    this.doing = doing;
    this.spinner.start(doing);
  }

  wait(reason: string): void {
    this.spinner.text = reason === '' ? this.doing : `${this.doing} ${this.style.dim(`(${reason})`)}`;
  }

  done(text: string): void {
    this.spinner.stopAndPersist({ symbol: this.style.good('✔'), text });
  }

  fail(text: string): void {
    this.spinner.stopAndPersist({ symbol: this.style.error('✘'), text });
  }

  stop(): void {
    this.spinner.stop();
  }
}
