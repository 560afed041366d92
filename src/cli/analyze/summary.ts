import type { Report } from '../../analysis/report/report.ts';
import type { Style } from '../../analysis/report/style.ts';
import type { AnalyzeFlags } from './flags.ts';

interface Conclusion {
  paths: readonly string[];
  flags: AnalyzeFlags;
  failing: number;
  unparsable: number;
  /** Findings of the baseline that do not occur any more. */
  gone: number;
  style: Style;
}

const plural = (count: number, word: string, many = `${word}s`): string => `${count} ${count === 1 ? word : many}`;

/** What goes to stderr at the end: how it went, what was not looked at, and why. */
export function conclude(report: Report, { paths, flags, failing, unparsable, gone, style }: Conclusion): string {
  const { items, summary } = report;
  const scope = paths.length > 0 ? [...new Set(paths)].join(', ') : flags.allNamespaces ? 'all namespaces' : `namespace ${flags.namespace ?? 'default'}`;
  const lines: string[] = [];
  const read = `${plural(summary.resources, 'resource')} in ${plural(summary.files, 'file')}`;
  if (items.length === 0 && failing > 0)
    lines.push(`${style.error('✘')} ${plural(failing, 'finding')} at or over the failure threshold, none of them printed: ${scope} (${read}).`);
  else if (items.length === 0) lines.push(`${style.good('✔')} Nothing to report: ${scope} (${read}).`);
  else {
    const count = (level: string): number => items.filter((i) => i.level === level).length;
    const parts = [plural(count('Error'), 'error'), plural(count('Warning'), 'warning'), plural(count('Info'), 'info', 'infos')].filter(
      (p) => !p.startsWith('0 '),
    );
    lines.push(`${failing > 0 || unparsable > 0 ? style.error('✘') : style.warning('!')} ${parts.join(', ')}: ${scope} (${read}).`);
  }
  if (unparsable > 0) lines.push(`  ${plural(unparsable, 'document')} could not be used${flags.ignoreUnknown ? ' (--ignore-unknown: no failure)' : ''}.`);
  const repairs = items.filter((i) => i.fix).length;
  if (repairs > 0 && !flags.fix) lines.push(`  ${plural(repairs, 'finding')} can be repaired: --fix does it, and --fix --dry-run shows how.`);
  if (summary.suppressed > 0) lines.push(`  ${plural(summary.suppressed, 'finding')} suppressed.`);
  if (gone > 0) lines.push(`  ${plural(gone, 'finding')} of the baseline no longer ${gone === 1 ? 'occurs' : 'occur'}: weft baseline prune takes them out.`);
  lines.push(...skippedLines(report, flags.verbose === true));
  if (summary.unknownKinds.size > 0 && flags.verbose) {
    const kinds = [...summary.unknownKinds].map(([kind, n]) => `${n} ${kind}`).join(', ');
    lines.push(`  Not analyzed, because their kinds are not of the mesh: ${kinds}.`);
  }
  return `${lines.join('\n')}\n`;
}

function skippedLines(report: Report, verbose: boolean): string[] {
  const { skipped, ran } = report.summary;
  const byKind = Map.groupBy(skipped, (s) => s.kind);
  const lines: string[] = [];
  if (byKind.size > 0) {
    const kinds = [...byKind].map(([kind, list]) => `${kind} (${plural(list.length, 'check')})`).join(', ');
    lines.push(`  Not checked, because the input has none of the kind: ${kinds}. Add them, or --assume complete.`);
  }
  if (!verbose) return lines;
  for (const [kind, list] of byKind) lines.push(`    without ${kind}: ${list.map((s) => s.analyzer).join(', ')}`);
  lines.push(`  Ran: ${ran.join(', ')}.`);
  return lines;
}
