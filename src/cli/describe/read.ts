// The mesh that a description is made of: files, a cluster, or files over a cluster.
import { readFileSync } from 'node:fs';
import type { AnyAnalyzer } from '../../analysis/engine.ts';
import type { Finding } from '../../analysis/finding.ts';
import { itemOfProblem } from '../../analysis/report/report.ts';
import { namespacesWith } from '../../describe/narrow/locate.ts';
import { narrowing } from '../../describe/narrow/narrow.ts';
import { MissingFileError, readFiles, sourceText } from '../../manifest/files.ts';
import type { SourceText } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';
import { runPipeline } from '../../pipeline/pipeline.ts';
import { tableReads } from '../../translate/table.ts';
import { asksForCluster, type ClusterFlags } from '../cluster.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { readStdinSync } from '../stdin.ts';
import { write } from '../terminal.ts';
import { readCluster } from './read-cluster.ts';
import { type Target, workloadKinds } from './target.ts';

export interface ReadFlags extends ClusterFlags {
  filename?: string[];
  useKube?: boolean;
  namespace?: string;
  istioNamespace: string;
  meshConfigFile?: string;
}

export interface ReadForDescription {
  mesh: Mesh;
  findings: readonly Finding[];
  /** Of names that say none. */
  namespace: string;
  target: Target;
}

/** Kinds that descriptions tell of. */
const reads: ReadonlySet<string> = new Set([
  ...tableReads,
  'AuthorizationPolicy',
  'EnvoyFilter',
  'ProxyConfig',
  'RequestAuthentication',
  'Telemetry',
  'WasmPlugin',
  // Of waypoints.
  'gateway-api/GatewayClass',
]);

/**
 * Reads what a description is made of. What cannot be read is told on standard error, and the rest is described all the same.
 *
 * @param targetIn what is described, where names say no namespace
 * @throws CliError for input that is not there, and without a cluster
 */
export async function readForDescription(
  flags: ReadFlags,
  targetIn: (namespace: string) => Target,
  analyzers: readonly AnyAnalyzer[],
): Promise<ReadForDescription> {
  const paths = (flags.filename ?? []).flatMap((text) => text.split(',')).filter((path) => path !== '');
  const usesCluster = paths.length === 0 ? flags.useKube !== false : asksForCluster(flags);
  if (paths.length === 0 && !usesCluster) throw usageError('nothing is named to read', 'Name files or directories with -f, or leave --no-use-kube out.');
  // A mistake in what is named comes before a cluster that does not answer.
  targetIn(flags.namespace ?? 'default');
  const sources = filesAt(paths);
  const common = { ...meshConfigOf(flags), istioNamespace: flags.istioNamespace, preset: 'recommended', knownHosts: [], now: new Date() } as const;
  const cluster = usesCluster
    ? await readCluster(flags, {
        reads,
        otherwise: paths.length > 0 ? 'Leave --use-kube out to describe the files alone.' : 'Or name files or directories with -f: they need no cluster.',
        targetIn,
        meshOf: async (input, defaultNamespace) =>
          (await runPipeline({ ...common, sources, cluster: input, defaultNamespace, assume: 'auto', analyzers: [] })).mesh,
      })
    : undefined;
  const namespace = flags.namespace ?? cluster?.namespace ?? 'default';
  const target = cluster?.target ?? located(targetIn(namespace), sources);
  const { mesh, findings, problems } = await runPipeline({
    ...common,
    sources,
    cluster: cluster?.input,
    defaultNamespace: namespace,
    assume: cluster ? 'auto' : 'complete',
    analyzers,
    isPassedOver: cluster ? undefined : narrowing(sources, { ...target, defaultNamespace: namespace, istioNamespace: flags.istioNamespace }),
  });
  for (const problem of problems) {
    if (!problem.unparsable) continue;
    const { place, file, origin, text } = itemOfProblem(problem);
    const at = place ? `${place.file}:${place.line}` : (file ?? origin);
    write('stderr', `warning: left out: ${at}: ${text}\n`);
  }
  return { mesh, findings, namespace, target };
}

/** With the namespace that the only object of its name is in. */
function located(target: Target, sources: readonly SourceText[]): Target {
  const { anyNamespace, namespace, name, kind } = target;
  if (!anyNamespace) return target;
  const kinds = new Set(kind === 'Pod' ? workloadKinds : [kind]);
  const [only, another] = namespacesWith(sources, name, kinds, namespace) ?? [];
  return only === undefined || another !== undefined ? target : { ...target, namespace: only };
}

function filesAt(paths: readonly string[]): SourceText[] {
  try {
    const { sources, unreadable } = readFiles(paths, readStdinSync, { anyExtension: true });
    for (const { path, text } of unreadable) write('stderr', `warning: cannot read ${path}: ${text}\n`);
    return sources;
  } catch (error) {
    if (error instanceof MissingFileError) throw new CliError(error.message, undefined, '-f takes files and directories that are there.');
    throw error;
  }
}

function meshConfigOf({ meshConfigFile }: ReadFlags): { meshConfigSource?: SourceText } | undefined {
  if (meshConfigFile === undefined) return undefined;
  try {
    return { meshConfigSource: sourceText(meshConfigFile, readFileSync(meshConfigFile, 'utf8')) };
  } catch (error) {
    throw new CliError(`--meshConfigFile: cannot read ${meshConfigFile}: ${(error as Error).message}`, exitCode.error);
  }
}
