// Endpoints by place, and what the locality settings make of it (DR-R45 to DR-R48).
import type { Locality } from '../../ir/table.ts';
import type { MeshConfig } from '../../manifest/istio/mesh.gen.ts';
import type { LocalityLoadBalancerSetting, LocalityLoadBalancerSetting_Failover } from '../../manifest/istio/networking.gen.ts';
import type { Labels } from '../../model/label-index.ts';
import type { MeshService } from '../../model/services.ts';
import { hostnameLabel, localityParts, regionLabel, subzoneLabel, zoneLabel } from '../../model/workload-endpoints.ts';

/** Endpoints of one place and priority. */
export interface Group<T> {
  locality: Locality;
  priority: number;
  weight: number;
  endpoints: readonly T[];
}

/** What an endpoint is placed by. */
export interface Placeable {
  weight: number;
  workload: { locality: string; labels: Labels };
}

export interface LocalitySettings {
  setting: LocalityLoadBalancerSetting | undefined;
  /** Also without outlier detection. */
  forceFailover: boolean;
}

/** Labels that must be equal for an endpoint to be preferred, as services ask for it (DR-R45). */
export const preferredLabels: Readonly<Record<Exclude<MeshService['trafficDistribution'], 'any'>, readonly string[]>> = {
  'prefer-same-zone': ['topology.istio.io/network', regionLabel, zoneLabel],
  'prefer-same-node': ['topology.istio.io/network', regionLabel, zoneLabel, subzoneLabel, hostnameLabel],
};

/** DR-R45. */
export function localitySettings(
  ofRule: LocalityLoadBalancerSetting | undefined,
  { trafficDistribution }: Pick<MeshService, 'trafficDistribution'>,
  { localityLbSetting }: MeshConfig,
): LocalitySettings {
  if (ofRule) return { setting: ofRule.enabled === false ? undefined : ofRule, forceFailover: false };
  if (trafficDistribution !== 'any') return { setting: { failoverPriority: [...preferredLabels[trafficDistribution]] }, forceFailover: true };
  return { setting: localityLbSetting?.enabled === false ? undefined : (localityLbSetting ?? {}), forceFailover: false };
}

/** Whether localities are chosen by their weights: only where it is written how (DR-R46, DR-R47). */
export function isLocalityWeighted(setting: LocalityLoadBalancerSetting | undefined, failover: boolean): boolean {
  if ((setting?.distribute?.length ?? 0) > 0) return true;
  return failover && ((setting?.failover?.length ?? 0) > 0 || (setting?.failoverPriority?.length ?? 0) > 0);
}

/** One group a locality, in the order of their names; its weight is the sum of the endpoints' (MAP-R60). */
export function byLocality<T extends Placeable>(endpoints: readonly T[]): Group<T>[] {
  const [first] = endpoints;
  if (!first) return [];
  const { locality } = first.workload;
  if (endpoints.every(({ workload }) => workload.locality === locality)) return [groupAt(locality, endpoints)];
  return [...Map.groupBy(endpoints, ({ workload }) => workload.locality)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, members]) => groupAt(name, members));
}

function groupAt<T extends Placeable>(name: string, endpoints: readonly T[]): Group<T> {
  const [region, zone, subzone] = localityParts(name);
  return { locality: { region, zone, subzone }, priority: 0, weight: sumOfWeights(endpoints), endpoints };
}

function sumOfWeights(endpoints: readonly Placeable[]): number {
  let sum = 0;
  for (const { weight } of endpoints) sum += weight;
  return Math.min(sum, 0xffffffff);
}

export interface Client {
  locality: Locality;
  /** With those of its place. */
  labels: Labels;
  /** It has labels, whether they are in `labels` or not; absent: they are. */
  labelled?: boolean;
}

/**
 * Weights and priorities as a client at a place has them.
 *
 * @param failover the cluster notices hosts that fail, or the service asks for it (DR-R47)
 */
export function applyLocalities<T extends Placeable>(
  groups: readonly Group<T>[],
  { locality, labels, labelled = Object.keys(labels).length > 0 }: Client,
  setting: LocalityLoadBalancerSetting | undefined,
  failover: boolean,
): readonly Group<T>[] {
  if (!setting) return groups;
  if ((setting.distribute?.length ?? 0) > 0) return distributed(groups, locality, setting.distribute ?? []);
  if (!failover) return groups;
  const byLabels = (setting.failoverPriority ?? []).filter((label) => typeof label === 'string');
  if (byLabels.length === 0) return byDistance(groups, locality, setting.failover ?? []);
  const prioritized = labelled ? byPriorityLabels(groups, labels, byLabels) : groups;
  return (setting.failover?.length ?? 0) > 0 ? byDistance(prioritized, locality, setting.failover ?? []) : prioritized;
}

/** `region/zone/subzone`: parts that are missing or `*` match all. */
function matchesLocality({ region, zone, subzone }: Locality, pattern: string): boolean {
  const [ofRegion, ofZone, ofSubzone] = localityParts(pattern);
  const matches = (written: string, value: string): boolean => written === '*' || written === '' || written === value;
  return (ofRegion === '*' || ofRegion === region) && matches(ofZone, zone) && matches(ofSubzone, subzone);
}

/** DR-R46: the first entry for the client's place; what it does not name gets nothing. */
function distributed<T>(groups: readonly Group<T>[], from: Locality, distribute: NonNullable<LocalityLoadBalancerSetting['distribute']>): readonly Group<T>[] {
  const entry = distribute.find((candidate) => candidate && matchesLocality(from, candidate.from ?? ''));
  if (!entry) return groups;
  const out: Group<T>[] = groups.map((group) => ({ ...group, endpoints: [] }));
  const left = new Set(groups.keys());
  for (const [pattern, share] of Object.entries(entry.to ?? {})) {
    const taken = [...left].filter((i) => matchesLocality((groups[i] as Group<T>).locality, pattern));
    let total = 0;
    for (const i of taken) total += (groups[i] as Group<T>).weight;
    for (const i of taken) {
      left.delete(i);
      const group = groups[i] as Group<T>;
      out[i] = { ...group, weight: share > 0 && total > 0 ? Math.ceil((group.weight * share) / total) : group.weight };
    }
  }
  return out;
}

/** DR-R47: the nearer the earlier; of other regions the one that is named for the client's comes first. */
function byDistance<T>(groups: readonly Group<T>[], from: Locality, failover: readonly LocalityLoadBalancerSetting_Failover[]): Group<T>[] {
  const to = failover.find((entry) => entry?.from === from.region)?.to;
  const steps = 5;
  return compacted(
    groups.map((group) => {
      const distance = distanceOf(from, group.locality);
      const step = distance === 3 && to !== undefined && group.locality.region !== to ? 4 : distance;
      return { ...group, priority: group.priority * steps + step };
    }),
  );
}

function distanceOf(a: Locality, b: Locality): 0 | 1 | 2 | 3 {
  if (a.region !== b.region) return 3;
  if (a.zone !== b.zone) return 2;
  return a.subzone === b.subzone ? 0 : 1;
}

/** DR-R48: the more labels at the beginning of the list are the client's, the earlier; `key=value` compares with the value. */
function byPriorityLabels<T extends Placeable>(groups: readonly Group<T>[], client: Labels, priorities: readonly string[]): Group<T>[] {
  const wanted = priorities.map((written) => {
    const [key = '', value, ...more] = written.split('=');
    return { key, value: value !== undefined && more.length === 0 ? value : (client[key] ?? '') };
  });
  const priorityOf = ({ workload }: T): number => {
    const mismatch = wanted.findIndex(({ key, value }) => (workload.labels[key] ?? '') !== value);
    return mismatch < 0 ? 0 : wanted.length - mismatch;
  };
  return compacted(
    groups.flatMap((group) =>
      [...Map.groupBy(group.endpoints, priorityOf)]
        .sort(([a], [b]) => a - b)
        .map(([priority, endpoints]) => ({ ...group, priority, endpoints, weight: sumOfWeights(endpoints) })),
    ),
  );
}

/** Priorities without gaps, from 0. */
function compacted<T>(groups: readonly Group<T>[]): Group<T>[] {
  const used = [...new Set(groups.map(({ priority }) => priority))].sort((a, b) => a - b);
  return groups.map((group) => ({ ...group, priority: used.indexOf(group.priority) }));
}
