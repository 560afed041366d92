import { type Context, defineAnalyzer } from '../src/analysis/analyzer.ts';
import type { Related } from '../src/analysis/finding.ts';
import { message } from '../src/analysis/message.ts';
import { names } from '../src/analysis/wording.ts';
import type { DestinationRule, OutlierDetection } from '../src/manifest/istio/networking.gen.ts';
import type { Fix, Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { endpointCount } from '../src/model/endpoint-count.ts';
import { type Block, effectiveBlock, writtenBlocks } from '../src/translate/traffic-policy.ts';

/** Where an ejection would be: all endpoints of the host, or those of a subset. */
interface Cluster {
  name: string;
  endpoints: number;
}

interface NeverEjects {
  /** Empty: no detector is on. */
  clusters: readonly Cluster[];
  limit: number;
  written: boolean;
}

/** More than one endpoint has to be there, so that one can go. */
function enough(clusters: readonly Cluster[]): number | undefined {
  const sizes = clusters.map((c) => c.endpoints).filter((n) => n > 1);
  return sizes.length === 0 ? undefined : Math.ceil(100 / Math.min(...sizes));
}

const WFT1003 = message<NeverEjects>({
  name: 'OutlierNeverEjects',
  level: 'Warning',
  summary: 'outlier detection can never eject an endpoint',
  text: ({ clusters, limit, written }) => {
    if (clusters.length === 0) return 'outlier detection can never eject: consecutive5xxErrors 0 turns its detector off, and there is no other';
    const shares = names(
      clusters.map(({ name, endpoints }) => `1 of ${endpoints} ${endpoints === 1 ? 'endpoint' : 'endpoints'} of ${name} is ${percent(endpoints)}`),
      ', ',
    );
    return `outlier detection can never eject: ${shares}, over ${written ? `maxEjectionPercent ${limit}` : `the ${limit}% that maxEjectionPercent is by default`}`;
  },
  help: ({ clusters }) => {
    if (clusters.length === 0) return 'set consecutive5xxErrors above 0, or set consecutiveGatewayErrors';
    const least = enough(clusters);
    return least === undefined
      ? 'run more endpoints: without another one, there is nothing to send the requests to'
      : `let maxEjectionPercent be at least ${least}, or run more endpoints`;
  },
  effect: 'an endpoint that fails every request keeps getting its share of them',
});

const messages = { WFT1003 };

/** An endpoint is ejected only if the share of ejected ones stays within maxEjectionPercent, 10 by default (DR-R60, DR-R61). */
export default defineAnalyzer({
  name: 'weft.OutlierEjectionAnalyzer',
  summary: 'outlier detection can eject endpoints',
  reads: ['DestinationRule', 'Service', 'ServiceEntry', 'WorkloadEntry', 'WorkloadGroup', 'Pod'],
  preset: 'recommended',
  messages,
  check(context) {
    for (const rule of context.mesh.list('DestinationRule')) {
      for (const { value, path } of writtenBlocks(rule.spec, 'outlierDetection')) {
        if (!detects(value)) context.report('WFT1003', rule, [...path, 'consecutive5xxErrors'], { clusters: [], limit: 0, written: false });
      }
      checkShares(context, rule);
    }
  },
});

/** Whether errors of any kind lead to an ejection (DR-R60, DR-R65). */
function detects({ consecutive5xxErrors, consecutiveGatewayErrors, splitExternalLocalOriginErrors }: OutlierDetection): boolean {
  return consecutive5xxErrors !== 0 || Boolean(consecutiveGatewayErrors) || Boolean(splitExternalLocalOriginErrors);
}

function checkShares(context: Context<typeof messages>, rule: Resource<DestinationRule>): void {
  const { host = '', exportTo } = rule.spec;
  if (writtenBlocks(rule.spec, 'outlierDetection').length === 0 || host.startsWith('*')) return;
  const entry = context.mesh.hosts.lookup(rule.namespace, exportTo, host);
  if (!entry || entry.host.startsWith('*')) return;
  const found = new Map<OutlierDetection, Block<'outlierDetection'> & { clusters: Map<string, number> }>();
  for (const { name, subset, labels } of clustersOf(rule.spec, host)) {
    const endpoints = endpointCount(context.mesh, entry, labels);
    if (!endpoints) continue;
    for (const port of new Set(entry.ports.map((p) => p.number))) {
      const block = effectiveBlock(rule.spec, 'outlierDetection', port, subset);
      // The proxy has no list of endpoints where requests go to the address that the client chose.
      if (!block || effectiveBlock(rule.spec, 'loadBalancer', port, subset)?.value.simple === 'PASSTHROUGH') continue;
      const known = found.get(block.value) ?? { ...block, clusters: new Map() };
      known.clusters.set(name, endpoints);
      found.set(block.value, known);
    }
  }
  const related: Related[] = [{ resource: entry.resource, text: `${entry.host} is defined here` }];
  for (const { value, path, clusters } of found.values()) {
    if (!detects(value)) continue;
    const limit = value.maxEjectionPercent || 10;
    const stuck = [...clusters].map(([name, endpoints]) => ({ name, endpoints })).filter(({ endpoints }) => 100 / endpoints > limit);
    // That the one endpoint of a canary stays is as it should be, while there is something that can be ejected.
    const worth = stuck.length === clusters.size ? stuck : stuck.filter(({ endpoints }) => endpoints > 1);
    if (worth.length === 0) continue;
    // One of several with as many endpoints is enough to read.
    const bySize = new Map(worth.toReversed().map((cluster) => [cluster.endpoints, cluster]));
    const shown = worth.filter((cluster) => bySize.get(cluster.endpoints) === cluster);
    reportShares(context, rule, path, { clusters: shown, limit, written: Boolean(value.maxEjectionPercent) }, related);
  }
}

function clustersOf({ subsets = [] }: DestinationRule, host: string): { name: string; subset: number | undefined; labels: Record<string, string> }[] {
  const ofSubsets = subsets.flatMap((s, subset) => (s ? [{ name: `subset ${s.name ?? ''}`, subset, labels: s.labels ?? {} }] : []));
  return [{ name: host, subset: undefined, labels: {} }, ...ofSubsets];
}

function reportShares({ report }: Context<typeof messages>, rule: Resource<DestinationRule>, path: Path, data: NeverEjects, related: Related[]): void {
  const least = enough(data.clusters);
  const at = [...path, 'maxEjectionPercent'];
  const fix: Fix | undefined =
    data.written && least !== undefined ? { title: `set maxEjectionPercent to ${least}`, path: at, target: 'value', number: least } : undefined;
  report('WFT1003', rule, data.written ? at : path, data, { related, fix });
}

function percent(endpoints: number): string {
  return `${Math.round(1000 / endpoints) / 10}%`;
}
