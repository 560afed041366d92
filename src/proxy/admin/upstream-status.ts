import type { Cluster } from '../../ir/cluster.ts';
import { unlimited } from '../core/balance/breakers.ts';
import type { Host } from '../core/balance/host.ts';
import type { UpstreamState } from '../telemetry/upstream-gauges.ts';
import type { ClusterStatus, HostStatus, OutlierCluster, OutlierEvent, OutlierReport } from './state.ts';

/** The state of a cluster and its endpoints as plain data. */
export function clusterStatus({ cluster, hosts, breakers, outlier }: UpstreamState): ClusterStatus {
  const { connections, pending, requests, retries } = breakers;
  const limit = (max: number): number | undefined => (max >= unlimited ? undefined : max);
  return {
    name: cluster.name,
    limits: {
      connections: limit(connections.max),
      pendingRequests: limit(pending.max),
      requests: limit(requests.max),
      retries: limit(breakers.maxRetries),
    },
    active: { connections: connections.count, pendingRequests: pending.count, requests: requests.count, retries: retries.count },
    outlierDetection: outlier !== undefined,
    hosts: hosts.map(hostStatus),
  };
}

function hostStatus(host: Host): HostStatus {
  const stats = host.stats();
  const unhealthy: HostStatus['unhealthy'][number][] = [];
  if (host.ejected) unhealthy.push('failed_outlier_check');
  if (!host.endpoint.healthy) unhealthy.push('failed_eds_health');
  return {
    address: host.key,
    unhealthy,
    weight: host.weight,
    priority: host.priority,
    locality: host.locality,
    connectionsActive: stats.cx_active,
    connectionsTotal: stats.cx_total,
    connectFailures: stats.cx_connect_fail,
    requestsActive: stats.rq_active,
    requestsTotal: stats.rq_total,
    requestsSucceeded: stats.rq_success,
    requestsFailed: stats.rq_error,
    requestsTimedOut: stats.rq_timeout,
  };
}

/** State of a cluster whose outlier detection is configured by the table. */
export type OutlierState = UpstreamState & { readonly cluster: Pick<Cluster, 'name' | 'outlier'> };

export function outlierReport(states: Iterable<OutlierState>): OutlierReport {
  const clusters: OutlierCluster[] = [];
  const history: OutlierEvent[] = [];
  for (const { cluster, hosts, outlier } of states) {
    if (!outlier) continue;
    const { name } = cluster;
    const stats = outlier.stats();
    clusters.push({
      name,
      hosts: hosts.length,
      maxEjectionPercent: cluster.outlier?.maxEjectionPercent ?? 0,
      ejected: outlier.describe().map(({ host, ...ejection }) => ({ address: host, ...ejection })),
      ejections: stats.ejections_enforced_total,
      overflows: stats.ejections_overflow,
    });
    for (const { action, host, reason, at, until } of outlier.events) {
      history.push({ at, cluster: name, address: host, action, reason, ...(until !== undefined && { until }) });
    }
  }
  return { clusters, history: history.sort((a, b) => a.at - b.at) };
}

/** Reports of several threads: ejections are the same for all, events are of the one that made them. */
export function mergeOutlierReports(reports: readonly OutlierReport[]): OutlierReport {
  const history = reports.flatMap((report) => report.history).sort((a, b) => a.at - b.at);
  return { clusters: reports[0]?.clusters ?? [], history };
}
