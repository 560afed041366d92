import type { Report } from '../../analysis/report/report.ts';
import type { Style } from '../../analysis/report/style.ts';
import type { ClusterSource } from '../cluster-source/cluster-source.ts';
import { counted } from '../counted.ts';
import type { AnalyzeFlags } from './flags.ts';

interface Conclusion {
  paths: readonly string[];
  flags: AnalyzeFlags;
  failing: number;
  unparsable: number;
  /** Findings of the baseline that do not occur any more. */
  gone: number;
  cluster?: Pick<ClusterSource, 'name' | 'namespace' | 'gaps' | 'servesIstio'> | undefined;
  /** With --only-new. */
  change?: { known: number; gone: number } | undefined;
  style: Style;
}

/** What goes to stderr at the end: how it went, what was not looked at, and why. */
export function conclude(report: Report, conclusion: Conclusion): string {
  const { paths, flags, failing, unparsable, gone, cluster, change, style } = conclusion;
  const { items, summary } = report;
  const scope = scopeOf(conclusion);
  const lines: string[] = [];
  const files = counted(summary.files, 'file');
  const read = `${counted(summary.resources, 'resource')}${cluster && paths.length === 0 ? '' : cluster ? ` with those of ${files}` : ` in ${files}`}`;
  if (items.length === 0 && failing > 0)
    lines.push(`${style.error('✘')} ${counted(failing, 'finding')} at or over the failure threshold, none of them printed: ${scope} (${read}).`);
  else if (items.length === 0) lines.push(`${style.good('✔')} Nothing to report: ${scope} (${read}).`);
  else {
    const count = (level: string): number => items.filter((i) => i.level === level).length;
    const parts = [counted(count('Error'), 'error'), counted(count('Warning'), 'warning'), counted(count('Info'), 'info', 'infos')].filter(
      (p) => !p.startsWith('0 '),
    );
    lines.push(`${failing > 0 || unparsable > 0 ? style.error('✘') : style.warning('!')} ${parts.join(', ')}: ${scope} (${read}).`);
  }
  if (unparsable > 0) lines.push(`  ${counted(unparsable, 'document')} could not be used${flags.ignoreUnknown ? ' (--ignore-unknown: no failure)' : ''}.`);
  const repairs = items.filter((i) => i.fix).length;
  if (repairs > 0 && !flags.fix) lines.push(`  ${counted(repairs, 'finding')} can be repaired: --fix does it, and --fix --dry-run shows how.`);
  if (summary.suppressed > 0) lines.push(`  ${counted(summary.suppressed, 'finding')} suppressed.`);
  if (gone > 0) lines.push(`  ${counted(gone, 'finding')} of the baseline no longer ${gone === 1 ? 'occurs' : 'occur'}: weft baseline prune takes them out.`);
  if (change && change.known > 0) lines.push(`  ${counted(change.known, 'finding')} of the cluster as it is left out (--only-new).`);
  if (change && change.gone > 0) lines.push(`  ${counted(change.gone, 'finding')} of the cluster would be gone.`);
  if (cluster) lines.push(...gapLines(cluster));
  lines.push(...skippedLines(report, flags.verbose === true, cluster !== undefined));
  if (summary.unknownKinds.size > 0 && flags.verbose) {
    const kinds = [...summary.unknownKinds].map(([kind, n]) => `${n} ${kind}`).join(', ');
    lines.push(`  Not analyzed, because their kinds are not of the mesh: ${kinds}.`);
  }
  return `${lines.join('\n')}\n`;
}

/** `cluster prod, namespace shop`, or the paths and the cluster that they are laid over. */
function scopeOf({ paths, flags, cluster }: Conclusion): string {
  const where = flags.allNamespaces ? 'all namespaces' : `namespace ${flags.namespace ?? cluster?.namespace ?? 'default'}`;
  const named = paths.length > 0 ? [...new Set(paths)].join(', ') : undefined;
  if (!cluster) return named ?? where;
  return `${named === undefined ? '' : `${named} over `}cluster ${cluster.name}, ${where}`;
}

/** What is not known of the cluster, and what that means. */
function gapLines({ gaps, servesIstio }: NonNullable<Conclusion['cluster']>): string[] {
  const lines = gaps.map(({ kind, reason, readIn }) => {
    const some = readIn.length > 0 ? `; read in namespace ${readIn.join(', ')} only` : '';
    const meaning = kind === 'ConfigMap' ? '; the mesh configuration is taken to be the default' : '';
    return `  Not read: ${kind}: ${reason}${some}${meaning}.`;
  });
  if (!servesIstio) lines.push('  The cluster has none of the kinds of Istio: their CustomResourceDefinitions are not installed.');
  return lines;
}

function skippedLines(report: Report, verbose: boolean, ofCluster: boolean): string[] {
  const { skipped, ran } = report.summary;
  const byKind = Map.groupBy(skipped, (s) => s.kind);
  const lines: string[] = [];
  if (byKind.size > 0) {
    const kinds = [...byKind].map(([kind, list]) => `${kind} (${counted(list.length, 'check')})`).join(', ');
    lines.push(
      ofCluster
        ? `  Not checked, because not all of the kind could be read: ${kinds}.`
        : `  Not checked, because the input has none of the kind: ${kinds}. Add them, or --assume complete.`,
    );
  }
  if (!verbose) return lines;
  for (const [kind, list] of byKind) lines.push(`    without ${kind}: ${list.map((s) => s.analyzer).join(', ')}`);
  lines.push(`  Ran: ${ran.join(', ')}.`);
  return lines;
}
