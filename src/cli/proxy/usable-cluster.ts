import schemaValidation from '../../../analyzers/schema-validation.ts';
import { itemOfFinding, itemOfProblem, type ReportItem } from '../../analysis/report/report.ts';
import type { ClusterInput } from '../../pipeline/cluster-input.ts';
import { specMessage } from '../../schema/messages.ts';
import { tableReads } from '../../translate/table.ts';
import { analyzeCluster } from '../cluster-source/analyze-cluster.ts';
import { ClusterSource, type ClusterSourceFlags } from '../cluster-source/cluster-source.ts';
import { write } from '../terminal.ts';

/** What a cluster gives for the tables of proxies. */
export interface UsableCluster {
  input: ClusterInput;
  /** Of what names none. */
  namespace: string;
}

/**
 * Reads what tables are made of. One broken object of somebody does not keep all others from a proxy: it is left out. That, and what
 * could not be read, is told on standard error.
 *
 * @throws CliError without a cluster
 */
export async function readUsableCluster(flags: ClusterSourceFlags): Promise<UsableCluster> {
  const reads = new Set<string>([...tableReads, ...Object.keys(specMessage)]);
  const source = await ClusterSource.read(flags, { reads, templates: true, otherwise: 'Name files or directories with -f: they need no cluster.' });
  try {
    if (flags.namespace !== undefined) await source.checkNamespace(flags.namespace, source.input.resources);
    const { input, namespace, gaps } = source;
    const { findings } = await analyzeCluster(source, flags.istioNamespace, schemaValidation);
    const broken = findings.filter(({ level }) => level === 'Error');
    for (const { kind, reason } of gaps) write('stderr', `warning: not read: ${kind}: ${reason}\n`);
    for (const item of [...input.problems.map(itemOfProblem), ...broken.map(itemOfFinding)]) write('stderr', `warning: left out: ${sayWhy(item)}\n`);
    const without = new Set(broken.map(({ resource }) => resource));
    return { namespace, input: { ...input, problems: [], resources: input.resources.filter((resource) => !without.has(resource)) } };
  } finally {
    source.close();
  }
}

function sayWhy({ origin, code, text }: ReportItem): string {
  return `${origin}: ${text} (${code})`;
}
