import type { ReportItem } from '../../analysis/report/report.ts';

/** The items that are in the second list and not, or less often, in the first. Lines do not count: they move. */
export function newOf(before: readonly ReportItem[], now: readonly ReportItem[]): ReportItem[] {
  const left = new Map<string, number>();
  for (const item of before) left.set(keyOf(item), (left.get(keyOf(item)) ?? 0) + 1);
  return now.filter((item) => {
    const count = left.get(keyOf(item)) ?? 0;
    left.set(keyOf(item), count - 1);
    return count <= 0;
  });
}

/** A resource is the same one in a file and in a cluster. */
function keyOf({ code, origin, file, field, text }: ReportItem): string {
  return [code, origin || file, field, text].join('\u0000');
}
