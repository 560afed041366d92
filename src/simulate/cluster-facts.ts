// What applies to requests to a cluster, and how many endpoints there are.
import type { Cluster, LocalityEndpoints } from '../ir/cluster.ts';
import type { ClusterField, Provenance } from '../ir/provenance.ts';
import { boundedPriority } from '../proxy/core/balance/host.ts';
import { overprovisioningPercent, type PriorityLoads, priorityLoads } from '../proxy/core/balance/priorities.ts';
import type { DestinationFailure, EndpointFacts, Fact, UpstreamFacts } from './simulation.ts';

const poolFields: { [Name in keyof Cluster['pool']]-?: ClusterField } = {
  connectTimeoutMs: 'connectTimeout',
  idleTimeoutMs: 'idleTimeout',
  maxRequestsPerConnection: 'maxRequestsPerConnection',
  maxConnectionDurationMs: 'maxConnectionDuration',
  maxConcurrentStreams: 'maxConcurrentStreams',
  tcpKeepalive: 'tcpKeepalive',
  preserveHeaderCase: 'preserveHeaderCase',
};

const outlierFields: { [Name in keyof NonNullable<Cluster['outlier']>]-?: ClusterField } = {
  consecutive5xx: 'outlier.consecutive5xx',
  consecutiveGatewayErrors: 'outlier.consecutiveGatewayErrors',
  consecutiveLocalOrigin: 'outlier.consecutiveLocalOrigin',
  splitLocalOrigin: 'outlier.splitLocalOrigin',
  intervalMs: 'outlier.interval',
  baseEjectionTimeMs: 'outlier.baseEjectionTime',
  maxEjectionTimeMs: 'outlier.maxEjectionTime',
  maxEjectionPercent: 'outlier.maxEjectionPercent',
};

const breakerFields: { [Name in keyof Cluster['breakers']]-?: ClusterField } = {
  maxConnections: 'maxConnections',
  maxPendingRequests: 'maxPendingRequests',
  maxRequests: 'maxRequests',
  maxRetries: 'maxRetries',
  retryBudget: 'retryBudget',
};

export function upstreamFacts(cluster: Cluster, provenance: Provenance): UpstreamFacts {
  const fact = <T>(value: T, field: ClusterField): Fact<T> => ({ value, source: provenance.cluster(cluster, field) });
  const facts = <T extends object>(of: T, fields: { [Name in keyof T]-?: ClusterField }): { [Name in keyof T]?: Fact<NonNullable<T[Name]>> } =>
    Object.fromEntries((Object.keys(fields) as (keyof T)[]).flatMap((name) => (of[name] === undefined ? [] : [[name, fact(of[name], fields[name])]]))) as {
      [Name in keyof T]?: Fact<NonNullable<T[Name]>>;
    };
  return {
    discovery: cluster.discovery,
    protocol: fact(cluster.protocol, 'protocol'),
    endpoints: endpointFacts(cluster, provenance),
    loadBalancer: fact(cluster.loadBalancer, 'loadBalancer'),
    tls: fact(cluster.tls, 'tls'),
    breakers: facts(cluster.breakers, breakerFields),
    pool: facts(cluster.pool, poolFields),
    ...(cluster.outlier ? { outlier: facts(cluster.outlier, outlierFields) } : {}),
    panicPercent: fact(cluster.panicPercent, 'outlier.minHealthPercent'),
    origins: cluster.origins,
  };
}

interface Group {
  of: LocalityEndpoints;
  priority: number;
  total: number;
  healthy: number;
}

function groupsOf({ localities }: Cluster): Group[] {
  return localities.map((of) => ({
    of,
    priority: boundedPriority(of.priority),
    total: of.endpoints.length,
    healthy: of.endpoints.filter(({ healthy }) => healthy).length,
  }));
}

/** There is always a priority 0. */
function loadsOf({ panicPercent }: Cluster, groups: readonly Group[]): PriorityLoads {
  const last = Math.max(0, ...groups.map(({ priority }) => priority));
  const priorities = Array.from({ length: last + 1 }, (_, priority) => {
    const own = groups.filter((group) => group.priority === priority);
    return { total: sum(own.map(({ total }) => total)), healthy: sum(own.map(({ healthy }) => healthy)) };
  });
  return priorityLoads(priorities, panicPercent);
}

function endpointFacts(cluster: Cluster, provenance: Provenance): EndpointFacts {
  const groups = groupsOf(cluster);
  const { loads, panic } = loadsOf(cluster, groups);
  const total = sum(groups.map((group) => group.total));
  const expected = total === 0 ? provenance.expected(cluster) : undefined;
  return {
    total,
    ...(expected ? { expected } : {}),
    healthy: sum(groups.map(({ healthy }) => healthy)),
    panic: total > 0 && loads.some((load, priority) => load > 0 && panic[priority] === true),
    localities: groups.map((group) => {
      const { of, priority, healthy } = group;
      const percent = shareOf(group, cluster, groups, loads[priority] ?? 0);
      return {
        locality: of.locality,
        priority,
        ...(cluster.localityWeighted ? { weight: of.weight } : {}),
        total: group.total,
        healthy,
        ...(percent === undefined ? {} : { percent }),
      };
    }),
  };
}

/** Of the cluster's requests. */
function shareOf(group: Group, { localityWeighted }: Cluster, groups: readonly Group[], load: number): number | undefined {
  const siblings = groups.filter(({ priority }) => priority === group.priority);
  if (siblings.length === 1 || load === 0) return load;
  if (!localityWeighted) return undefined;
  const all = sum(siblings.map(effectiveWeight));
  return all === 0 ? undefined : (load * effectiveWeight(group)) / all;
}

/** A locality counts as a whole while 100/140 of its endpoints can be used (DR-R46). */
function effectiveWeight({ of, total, healthy }: Group): number {
  return total === 0 ? 0 : Math.max(0, of.weight) * Math.min(1, ((overprovisioningPercent / 100) * healthy) / total);
}

/** Why no endpoint of a cluster can take a request; undefined: one can, or will. */
export function whyUnusable(cluster: Cluster, provenance: Provenance): DestinationFailure['reason'] | undefined {
  if (cluster.loadBalancer.policy === 'original-destination' || cluster.discovery === 'original-destination') return undefined;
  const groups = groupsOf(cluster);
  if (groups.every(({ total }) => total === 0)) {
    const expected = provenance.expected(cluster);
    return expected && (expected.workloads === undefined || expected.workloads.length > 0) ? undefined : 'no-endpoints';
  }
  const { loads, panic } = loadsOf(cluster, groups);
  const usable = ({ priority, total, healthy }: Group): boolean => (loads[priority] ?? 0) > 0 && (panic[priority] ? total : healthy) > 0;
  return groups.some(usable) ? undefined : 'no-usable-endpoints';
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
