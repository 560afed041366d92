import type { LocalityLoadBalancerSetting, OutlierDetection } from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { itemsOf } from './primitives.ts';
import type { ProblemSink } from './validator.ts';

const topologyLabels: ReadonlySet<string> = new Set(['topology.kubernetes.io/region', 'topology.kubernetes.io/zone', 'topology.istio.io/subzone']);

/** `localityLbSetting` of a traffic policy or of the mesh. Contradictions end the check of the setting, as in the reference. */
export function checkLocality(sink: ProblemSink, path: Path, setting: LocalityLoadBalancerSetting | undefined, outlier: OutlierDetection | undefined): void {
  if (!setting) return;
  const { failoverPriority = [] } = setting;
  const distribute = itemsOf(setting.distribute);
  const failover = itemsOf(setting.failover);
  if (distribute.length > 0 && failover.length > 0) {
    sink.error([...path, 'failover'], 'cannot have both distribute and failover', {
      help: 'distribute splits traffic by weight; failover moves it when hosts fail; keep one',
    });
    return;
  }
  const topology = failover.length > 0 ? failoverPriority.findIndex((label) => topologyLabels.has(label)) : -1;
  if (topology >= 0) {
    sink.error([...path, 'failoverPriority', topology], `cannot have the topology label '${failoverPriority[topology]}' in failoverPriority beside failover`);
    return;
  }
  for (let i = 0; i < distribute.length; i++) {
    const to = distribute[i]?.to ?? {};
    const at = [...path, 'distribute', i, 'to'];
    if (!checkWeights(sink, at, to)) return;
    checkOverlap(
      sink,
      Object.keys(to).map((locality) => ({ locality, at: [...at, locality] })),
    );
  }
  checkOverlap(
    sink,
    distribute.map(({ from = '' }, i) => ({ locality: from, at: [...path, 'distribute', i, 'from'] })),
  );
  if ((failover.length > 0 || failoverPriority.length > 0) && !outlier) {
    sink.warning([...path, failover.length > 0 ? 'failover' : 'failoverPriority'], 'outlierDetection is missing, and without it failover has no effect', {
      help: 'set outlierDetection beside loadBalancer: it finds the hosts that fail',
    });
  }
  failover.forEach(({ from = '', to = '' }, i) => checkFailover(sink, [...path, 'failover', i], from, to));
}

/** @returns false if the weights are wrong */
function checkWeights(sink: ProblemSink, path: Path, to: Readonly<Record<string, number>>): boolean {
  let total = 0;
  for (const [locality, weight] of Object.entries(to)) {
    if (weight <= 0 || weight > 100) {
      sink.error([...path, locality], `locality weight ${weight} of ${locality} is not from 1 to 100`, { same: 'locality weight' });
      return false;
    }
    total += weight;
  }
  if (total !== 100) sink.error(path, `total weight of the localities is ${total}; it has to be 100`);
  return total === 100;
}

function checkFailover(sink: ProblemSink, path: Path, from: string, to: string): void {
  if (from === to) sink.error([...path, 'to'], `locality failover from ${from} to itself; it needs two regions`, { same: 'failover to itself' });
  if (from.includes('/') || to.includes('/')) {
    sink.error(path, `locality failover from ${from} to ${to} names more than a region`, { same: 'failover with more than a region' });
  }
  if (from.includes('*') || to.includes('*')) {
    sink.error(path, `locality failover from ${from} to ${to} has a wildcard '*'; regions are named here`, { same: 'failover with a wildcard' });
  }
}

/** Zones by region, and sub-zones by zone; `*` stands for all. */
type Named = Map<string, Map<string, Set<string>>>;

/** Localities are `region/zone/subzone`, or shorter, or end in `*`. Only the first problem counts. */
function checkOverlap(sink: ProblemSink, localities: readonly { locality: string; at: Path }[]): void {
  const named: Named = new Map();
  for (const { locality, at } of localities) {
    const problem = localityProblem(locality, named);
    if (problem) {
      sink.error(at, `locality ${locality} ${problem}`);
      return;
    }
  }
}

/** What is wrong with a locality after those named before; if nothing, it is named now. */
function localityProblem(locality: string, named: Named): string | undefined {
  const wildcard = locality.indexOf('*');
  if (wildcard >= 0 && wildcard !== locality.length - 1) return "can have 1 '*' at most, and at the end";
  const overlaps = 'overlaps with one before it';
  if (named.has('*')) return overlaps;
  const [region = '', zone, ...rest] = locality.split('/');
  const subzone = rest.length > 0 ? rest.join('/') : undefined;
  if (region === '' || zone === '' || subzone === '') return 'has an empty part; a locality is region/zone/subzone';
  const zones = named.get(region) ?? new Map<string, Set<string>>();
  const subzones = zones.get(zone ?? '*') ?? new Set<string>();
  const taken =
    zone === undefined ? zones.size > 0 : zones.has('*') || (subzone === undefined ? subzones.size > 0 : subzones.has('*') || subzones.has(subzone));
  if (taken) return overlaps;
  named.set(region, zones.set(zone ?? '*', subzones.add(subzone ?? '*')));
  return undefined;
}
