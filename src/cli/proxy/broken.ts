import { formatPretty } from '../../analysis/report/pretty.ts';
import type { ReportItem } from '../../analysis/report/report.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';

/** Prints what is broken in manifests, then what that means: `✘ 2 errors: nothing is served until that is repaired.` */
export async function printBroken(items: readonly ReportItem[], meaning: string): Promise<void> {
  const style = await styleFor(wantsColour(undefined, 'stderr'));
  // What analysis makes of a document that cannot be read is not what a proxy makes of it.
  const shown = items.map((item) => (item.unparsable ? { ...item, effect: undefined, help: undefined } : item));
  const count = `${items.length} error${items.length === 1 ? '' : 's'}`;
  write('stderr', `${formatPretty({ items: shown }, style)}\n${style.error(`✘ ${count}`)}: ${meaning}.\n`);
}
