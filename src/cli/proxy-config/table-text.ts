import { columnsOf, oneLine } from '../../analysis/report/terminal-text.ts';
import type { Table } from '../../proxy-config/table.ts';

/** Blanks between columns, as in the reference's tables. */
const gap = 5;

/** Columns as wide as their widest text. Nothing of a dump can do anything to the terminal. */
export function tableText({ titles, rows }: Table): string {
  const all = [titles, ...rows.map((row) => row.map(oneLine))];
  const widths = titles.map((_, column) => all.reduce((most, row) => Math.max(most, columnsOf(row[column] ?? '')), 0));
  const line = (row: readonly string[]): string => row.map((text, column) => text + ' '.repeat((widths[column] ?? 0) - columnsOf(text) + gap)).join('');
  return all.map((row) => `${line(row).trimEnd()}\n`).join('');
}
