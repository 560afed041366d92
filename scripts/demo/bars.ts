import type { Style } from '../../src/analysis/report/style.ts';

export interface Bar {
  label: string;
  count: number;
  /** How it is drawn; `light` for what is only a copy. */
  look: 'good' | 'info' | 'error' | 'light';
  /** After the count. */
  note?: string;
}

/**
 * Bars of one length for one count, the label before them and count and share behind them:
 *
 *     v1  ███████████████████████████     181  90.5%
 *     v2  ███                              19   9.5%
 *
 * @param whole count that fills the width, and of which shares are; default: the sum of the counts
 */
export function drawBars(bars: readonly Bar[], style: Style, { width = 30, whole = bars.reduce((sum, { count }) => sum + count, 0) } = {}): string[] {
  const labels = Math.max(...bars.map(({ label }) => label.length));
  const counts = Math.max(String(whole).length, ...bars.map(({ count }) => String(count).length));
  return bars.map(({ label, count, look, note }) => {
    const length = whole === 0 ? 0 : Math.min(width, Math.round((count / whole) * width));
    // What there is must be seen.
    const cells = count > 0 ? Math.max(1, length) : 0;
    const bar = look === 'light' ? style.dim('░'.repeat(cells)) : style[look]('█'.repeat(cells));
    const share = whole === 0 ? '' : `  ${`${Number(((count / whole) * 100).toFixed(1))}%`.padStart(5)}`;
    return `  ${label.padEnd(labels)}  ${bar}${' '.repeat(width - cells)}  ${String(count).padStart(counts)}${share}${note === undefined ? '' : `  ${style.dim(note)}`}`;
  });
}

/** One sign for each answer, in the order of the requests: `···✗··✗·`. */
export function drawAnswers(statuses: readonly number[], style: Style): string {
  return statuses.map((status) => (status < 500 ? style.good('·') : style.error('✗'))).join('');
}
