import { structuredPatch } from 'diff';
import type { Style } from '../../analysis/report/style.ts';

/** Lines around a change. */
const context = 3;

/** The lines that differ, marked + and -, with some around them; `…` stands for those between. None where the texts are the same. */
export function changedLines(before: string, after: string, style: Style): string[] {
  const { hunks } = structuredPatch('', '', before, after, '', '', { context });
  return hunks.flatMap(({ lines }, index) => [
    ...(index > 0 ? [style.dim('…')] : []),
    ...lines.map((line) => {
      if (line.startsWith('+')) return style.good(line);
      return line.startsWith('-') ? style.error(line) : style.dim(line);
    }),
  ]);
}
