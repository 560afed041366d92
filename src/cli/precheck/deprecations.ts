import annotations from '../../../analyzers/annotations-k8s.ts';
import deprecatedSettings from '../../../analyzers/deprecated-settings.ts';
import deprecation from '../../../analyzers/deprecation.ts';
import { itemOfFinding, type ReportItem } from '../../analysis/report/report.ts';
import { analyzeCluster } from '../cluster-source/analyze-cluster.ts';
import { ClusterSource, type ClusterSourceFlags } from '../cluster-source/cluster-source.ts';
import { write } from '../terminal.ts';

const analyzers = [deprecation, deprecatedSettings, annotations];
const codes: ReadonlySet<string> = new Set(['IST0002', 'IST0135']);

/**
 * What in the cluster is deprecated, by the analyzers of `weft analyze`.
 *
 * @throws CliError where nothing may be read
 */
export async function checkDeprecations(flags: ClusterSourceFlags): Promise<ReportItem[]> {
  const reads = new Set<string>(analyzers.flatMap((analyzer) => [...analyzer.reads]));
  const cluster = await ClusterSource.read(flags, { reads, templates: true, otherwise: '' });
  try {
    const { findings } = await analyzeCluster(cluster, flags.istioNamespace, analyzers);
    for (const { kind } of cluster.gaps) write('stderr', `Warning: ${kind} could not be read, so nothing is said of them.\n`);
    return findings.filter(({ code }) => codes.has(code)).map(itemOfFinding);
  } finally {
    cluster.close();
  }
}
