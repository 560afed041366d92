import { platformKinds } from '../../model/mesh.ts';
import { asksForCluster } from '../cluster.ts';
import type { ClusterSource } from '../cluster-source/cluster-source.ts';
import type { Deadline } from '../deadline.ts';
import { usageError } from '../exit.ts';
import type { Session } from './session.ts';

/**
 * The cluster, where it is to be analyzed: without paths unless the flags say otherwise, beside paths only if they name it.
 *
 * @throws CliError without a cluster, and for flags that make no sense
 */
export async function openCluster(
  { flags, chosen, preset, assume }: Session,
  paths: readonly string[],
  deadline?: Deadline,
): Promise<ClusterSource | undefined> {
  const wanted = paths.length === 0 ? flags.useKube !== false : asksForCluster(flags);
  if (flags.onlyNew && !(wanted && paths.length > 0))
    throw usageError('--only-new needs a cluster and files', 'It compares them: weft analyze --use-kube --only-new changes/');
  if (!wanted) return undefined;
  const reads = new Set(chosen.flatMap((analyzer) => (analyzer.aboutFiles ? [] : [...analyzer.reads])));
  if (assume === 'mesh-only') for (const kind of platformKinds) reads.delete(kind);
  const { ClusterSource } = await import('../cluster-source/cluster-source.ts');
  return ClusterSource.read(flags, {
    reads,
    templates: preset !== 'reference',
    deadline,
    otherwise:
      paths.length > 0
        ? 'Leave --use-kube out to analyze the files alone.'
        : 'Or name files or directories (weft analyze config/), or - for standard input: they need no cluster.',
  });
}
