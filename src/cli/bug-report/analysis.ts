// What weft itself says of the mesh: findings, and the routing tables of proxies.
import { analyzers } from '../../../analyzers/index.ts';
import { formatLog } from '../../analysis/report/log.ts';
import { itemOfFinding, itemOfProblem, type Report } from '../../analysis/report/report.ts';
import { formatJson } from '../../analysis/report/structured.ts';
import { plainStyle } from '../../analysis/report/style.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import { withoutKeys } from '../../kube/load-secrets.ts';
import type { SourceText } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';
import { byName } from '../../model/workloads.ts';
import { type ClusterInput, resourcesOf } from '../../pipeline/cluster-input.ts';
import { type PipelineResult, runPipeline } from '../../pipeline/pipeline.ts';
import { routingTable } from '../../translate/table.ts';
import { gatewayOfResource, sidecarOf } from '../../translate/workload-identity.ts';
import { chooseAnalyzers } from '../analyze/selection.ts';
import { version } from '../version.ts';
import type { Contents, Item } from './contents.ts';
import type { PodFilter } from './pod-filter.ts';
import type { ReadCluster } from './read-cluster.ts';

export interface AnalysisOptions {
  sources: readonly SourceText[];
  cluster: ReadCluster | undefined;
  meshConfigSource: SourceText | undefined;
  namespace: string;
  istioNamespace: string;
  now: Date;
}

/** Runs every analyzer of the recommended preset over everything. The objects of the cluster are decoded in place: they have been filed before. */
export function analyzeAll({ sources, cluster, meshConfigSource, namespace, istioNamespace, now }: AnalysisOptions): Promise<PipelineResult> {
  return runPipeline({
    sources,
    cluster: cluster && inputOf(cluster),
    ...(meshConfigSource ? { meshConfigSource } : {}),
    defaultNamespace: namespace,
    istioNamespace,
    assume: 'auto',
    preset: 'recommended',
    analyzers: chooseAnalyzers(analyzers, undefined, 'recommended', () => {}),
    knownHosts: [],
    now,
  });
}

function inputOf({ kinds, complete, secrets, noSecrets }: ReadCluster): ClusterInput {
  const read = kinds.map(({ kind, objects }) => resourcesOf(kind, objects));
  const outlines = secrets.map(({ metadata, data }) => ({ apiVersion: 'v1', kind: 'Secret', metadata, data: withoutKeys(data) }));
  return {
    resources: read.flatMap(({ resources }) => resources),
    problems: read.flatMap(({ problems }) => problems),
    complete,
    referenced: async () => ({ resources: resourcesOf('Secret', outlines).resources, complete: new Set(noSecrets === undefined ? ['Secret'] : []) }),
  };
}

export function findingItems({ findings, problems, mesh, unknownKinds, engine }: PipelineResult, files: number, cluster: string | undefined): Item[] {
  const report: Report = {
    items: [...problems.map(itemOfProblem), ...findings.map(itemOfFinding)],
    summary: { files, resources: mesh.size, unknownKinds, skipped: engine.skipped, suppressed: 0, ran: engine.ran },
    cluster,
    version,
  };
  const skipped = engine.skipped.map(({ analyzer, kind }) => `skipped: ${analyzer}: not everything of kind ${kind} is known\n`).join('');
  const crashed = engine.crashes.map(({ analyzer, error }) => `failed: ${analyzer}: ${error instanceof Error ? error.stack : String(error)}\n`).join('');
  return [
    { path: 'analysis/findings.json', content: { text: formatJson(report) }, source: 'weft analyze' },
    {
      path: 'analysis/findings.txt',
      content: { text: `${formatLog(report, plainStyle) || 'Nothing was found.\n'}${skipped}${crashed}` },
      source: 'weft analyze',
    },
  ];
}

/** Of so many workloads nobody has to ask for the table, as long as these do not have more bytes. */
const mostUnasked = 20;
const mostUnaskedBytes = 32 * 1024 * 1024;

/** The routing tables of gateways and workloads, one at a time. Those that were asked for all, else the first ones. */
export async function addTables(contents: Contents, mesh: Mesh, filter: PodFilter): Promise<void> {
  const proxies = proxiesOf(mesh, filter);
  const before = contents.bytes;
  let done = 0;
  for (const proxy of proxies) {
    if (!filter.isNarrowed && (done === mostUnasked || contents.bytes - before > mostUnaskedBytes)) {
      contents.omit(
        `routing tables of ${proxies.length - done} of ${proxies.length} workloads`,
        'there are many: --include NAMESPACE/NAME asks for some of them',
      );
      break;
    }
    done++;
    const path = `routing/${proxy.namespace}/${proxy.role === 'gateway' ? 'gateway-' : ''}${proxy.name}.json`;
    try {
      await contents.add({ path, content: { json: routingTable(mesh, proxy) }, source: 'weft translate' });
    } catch (error) {
      contents.omit(path, `weft failed: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
}

function proxiesOf(mesh: Mesh, filter: PodFilter): ProxyIdentity[] {
  const gateways = [...mesh.list('Gateway'), ...mesh.list('gateway-api/Gateway')]
    .filter(({ namespace, name, labels, annotations }) => filter.wantsWorkload(namespace, name, labels, annotations))
    .map(({ namespace, name }) => gatewayOfResource(mesh, namespace, name));
  const sidecars = mesh
    .allWorkloads()
    // A pod stands for itself only where nothing made it.
    .filter(({ isPod, resource }) => !isPod || !('ownerReferences' in resource.raw.metadata))
    .filter(({ namespace, name, labels, annotations }) => filter.wantsWorkload(namespace, name, labels, annotations))
    .toSorted(byName)
    .map(({ namespace, name }) => sidecarOf(mesh, namespace, name));
  const seen = new Set<string>();
  return [...gateways, ...sidecars].filter((proxy): proxy is ProxyIdentity => {
    if (!proxy) return false;
    const key = `${proxy.role} ${proxy.namespace}/${proxy.name}`;
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}
