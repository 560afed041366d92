import type { Style } from '../../src/analysis/report/style.ts';
import { isTerminal, styleFor, wantsColour, write } from '../../src/cli/terminal.ts';

const frameMs = 40;
const ruler = 80;

/** Whether lines can be drawn over: on a terminal that is wide enough for each to be one. */
function watched(): boolean {
  return isTerminal('stdout') && process.env.TERM !== 'dumb' && !process.env.CI && process.stdout.columns >= ruler;
}

/** Where the demo is shown, and what of it was not as it should be. */
export class Screen {
  readonly style: Style;
  /** Somebody watches: what grows is seen to grow. */
  readonly live: boolean;
  failures = 0;
  private drawn = 0;
  private drawnAt = 0;

  private constructor(style: Style, live: boolean) {
    this.style = style;
    this.live = live;
  }

  static async open(): Promise<Screen> {
    return new Screen(await styleFor(wantsColour(undefined, 'stdout')), watched());
  }

  title(text: string): void {
    const line = '─'.repeat(Math.max(3, ruler - text.length - 4));
    write('stdout', `\n\n${this.style.dim('──')} ${this.style.strong(text)} ${this.style.dim(line)}\n`);
  }

  say(...lines: string[]): void {
    write('stdout', `${lines.join('\n')}\n`);
  }

  /** A paragraph, in lines that fit. */
  tell(text: string): void {
    const lines: string[] = [];
    for (const word of text.split(' ')) {
      const last = lines.at(-1);
      if (last !== undefined && last.length + word.length < ruler) lines[lines.length - 1] = `${last} ${word}`;
      else lines.push(word);
    }
    this.say('', ...lines);
  }

  command(text: string): void {
    write('stdout', `\n${this.style.dim('$')} ${this.style.strong(text)}\n`);
  }

  /** Draws lines in the place of those of the call before, where somebody watches; else it waits for the last ones. */
  draw(lines: () => readonly string[]): void {
    if (!this.live || performance.now() - this.drawnAt < frameMs) return;
    this.drawnAt = performance.now();
    this.replace(lines());
  }

  /** Draws the last of these lines. */
  done(lines: readonly string[]): void {
    this.replace(lines);
    this.drawn = 0;
  }

  /** Says what has to hold, and whether it does. */
  check(holds: boolean, text: string): void {
    if (!holds) this.failures++;
    write('stdout', holds ? `  ${this.style.good('✔')} ${text}\n` : `  ${this.style.error(`✘ not so: ${text}`)}\n`);
  }

  private replace(lines: readonly string[]): void {
    const back = this.drawn === 0 ? '' : `\u001b[${this.drawn}A\u001b[J`;
    write('stdout', `${back}${lines.join('\n')}\n`);
    this.drawn = lines.length;
  }
}
