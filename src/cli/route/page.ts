// Lines of a report that fit into a terminal.
import type { Style } from '../../analysis/report/style.ts';
import { columnsOf, oneLine } from '../../analysis/report/terminal-text.ts';

export interface Row {
  /** Columns before the text. */
  indent?: number;
  /** Where it is from, behind the text or below it. */
  place?: string;
  paint?: (text: string) => string;
}

export class Page {
  private readonly lines: string[] = [];
  private readonly width: number;
  protected readonly style: Style;

  constructor(width: number, style: Style) {
    this.width = Math.max(width, 40);
    this.style = style;
  }

  /** On one line, however long it is. */
  title(text: string, paint: (text: string) => string): void {
    this.lines.push(paint(oneLine(text)));
  }

  /** With an empty line before it. */
  section(title: string): void {
    this.lines.push('', this.style.strong(title));
  }

  /** A text in as many lines as it takes, its place dim. Nothing of the input can do anything to the terminal. */
  row(text: string, { indent = 2, place, paint = (own) => own }: Row = {}): void {
    const wrapped = wrap(oneLine(text), this.width - indent);
    const lines = wrapped.map((line, i) => ({
      columns: indent + (i > 0 ? 2 : 0) + columnsOf(line),
      text: `${' '.repeat(indent + (i > 0 ? 2 : 0))}${paint(line)}`,
    }));
    if (place !== undefined && place !== '') {
      const shown = this.style.dim(oneLine(place));
      const last = lines.at(-1);
      if (last && last.columns + 2 + columnsOf(place) <= this.width) last.text += `  ${shown}`;
      else lines.push({ columns: 0, text: `${' '.repeat(indent + 2)}${shown}` });
    }
    this.lines.push(...lines.map((line) => line.text));
  }

  /** Lines that are laid out already. */
  raw(lines: readonly string[], indent = 2): void {
    this.lines.push(...lines.map((line) => `${' '.repeat(indent)}${line}`.trimEnd()));
  }

  /** Columns for what is laid out by itself. */
  room(indent = 2): number {
    return this.width - indent;
  }

  text(): string {
    return `${this.lines.join('\n')}\n`;
  }
}

/** Words in lines of at most so many columns, further lines two columns in; a word that is longer has a line of its own. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const room = lines.length > 0 ? width - 2 : width;
    if (line !== '' && columnsOf(line) + 1 + columnsOf(word) > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
