/** A table in Markdown, aligned also as it is. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, i) => Math.max(3, cell.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const pad = (cell: string, i: number): string => (i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number));
  const line = (cells: readonly string[]): string => `| ${cells.map(pad).join(' | ')} |`;
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

export function number(value: number, digits: number): string {
  return value.toFixed(digits);
}

export function ratio(value: number, of: number | undefined): string {
  return of === undefined ? '–' : `${(value / of).toFixed(2)} ×`;
}

/** Prints how a ratio compares with what it should be at most; nothing where one of the two was not measured. */
export function goal(name: string, value: number | undefined, of: number | undefined, most: number): void {
  if (value === undefined || of === undefined) return;
  const measured = value / of;
  console.log(`- ${name}: ${measured.toFixed(2)} × (goal ≤ ${most.toFixed(2)} ×): ${measured <= most ? 'met' : 'MISSED'}`);
}
