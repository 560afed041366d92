import type { Cluster } from '../../ir/cluster.ts';
import type { Breakers } from '../core/balance/breakers.ts';
import type { Host } from '../core/balance/host.ts';
import type { OutlierDetector } from '../core/balance/outlier.ts';
import { ClusterFamilies } from './cluster-counters.ts';
import type { MetricFamily } from './metric-snapshot.ts';

/** The state of a cluster, as far as it is shown. */
export interface UpstreamState {
  readonly cluster: Pick<Cluster, 'name' | 'outlier'>;
  readonly hosts: readonly Host[];
  readonly breakers: Breakers;
  readonly outlier: OutlierDetector | undefined;
  readonly panicTotal: number;
}

/** Counters of endpoints that add up to one of their cluster. */
const sums = [
  ['upstream_rq_total', 'rq_total'],
  ['upstream_cx_total', 'cx_total'],
  ['upstream_cx_connect_fail', 'cx_connect_fail'],
] as const;

/**
 * Limits, ejections and endpoints of all clusters (TEL-R7). Threads share these numbers, so one of them is asked, not all. The sums
 * of endpoints that are gone stay in the counters: a counter never gets smaller.
 */
export class UpstreamGauges {
  private readonly totals = new Map<string, Map<string, Total>>();

  families(states: Iterable<UpstreamState>): MetricFamily[] {
    const families = new ClusterFamilies();
    const names = new Set<string>();
    for (const state of states) {
      const { name } = state.cluster;
      names.add(name);
      for (const [stat, value] of this.sumsOf(state)) families.add('counter', stat, name, value);
      for (const [stat, value] of countersOf(state)) families.add('counter', stat, name, value);
      for (const [stat, value] of gaugesOf(state)) families.add('gauge', stat, name, value);
    }
    for (const name of this.totals.keys()) if (!names.has(name)) this.totals.delete(name);
    return families.list();
  }

  private sumsOf({ cluster, hosts }: UpstreamState): [string, number][] {
    let totals = this.totals.get(cluster.name);
    if (!totals) {
      totals = new Map(sums.map(([stat]) => [stat, new Total()]));
      this.totals.set(cluster.name, totals);
    }
    const stats = hosts.map((host) => [host.key, host.stats()] as const);
    return sums.map(([stat, field]) => [stat, (totals.get(stat) as Total).update(stats.map(([key, values]) => [key, values[field]]))]);
  }
}

/** A sum over things that come and go, and whose numbers begin anew when they do. */
class Total {
  private gone = 0;
  private known = new Map<string, number>();

  update(values: readonly (readonly [string, number])[]): number {
    const before = this.known;
    this.known = new Map();
    let sum = 0;
    for (const [key, value] of values) {
      const last = before.get(key) ?? 0;
      before.delete(key);
      if (value < last) this.gone += last;
      this.known.set(key, value);
      sum += value;
    }
    for (const last of before.values()) this.gone += last;
    return this.gone + sum;
  }
}

function countersOf({ breakers, outlier, panicTotal }: UpstreamState): [string, number][] {
  const stats = outlier?.stats();
  return [
    ['upstream_cx_overflow', breakers.connections.overflowTotal],
    ['upstream_rq_pending_overflow', breakers.pending.overflowTotal],
    ['upstream_rq_active_overflow', breakers.requests.overflowTotal],
    ['upstream_rq_retry_overflow', breakers.retries.overflowTotal],
    ['lb_healthy_panic', panicTotal],
    ...Object.entries(stats ?? {}).flatMap(([name, value]): [string, number][] => (name === 'ejections_active' ? [] : [[`outlier_detection.${name}`, value]])),
  ];
}

function gaugesOf({ hosts, breakers, outlier }: UpstreamState): [string, number][] {
  const { connections, pending, requests, retries } = breakers;
  return [
    ['upstream_cx_active', connections.count],
    ['upstream_rq_pending_active', pending.count],
    ['upstream_rq_active', requests.count],
    ['circuit_breakers.default.remaining_cx', connections.remaining],
    ['circuit_breakers.default.remaining_pending', pending.remaining],
    ['circuit_breakers.default.remaining_rq', requests.remaining],
    ['circuit_breakers.default.remaining_retries', Math.max(0, breakers.maxRetries - retries.count)],
    ['circuit_breakers.default.cx_open', Number(connections.isOpen)],
    ['circuit_breakers.default.rq_pending_open', Number(pending.isOpen)],
    ['circuit_breakers.default.rq_open', Number(requests.isOpen)],
    ['circuit_breakers.default.rq_retry_open', Number(retries.count >= breakers.maxRetries)],
    ['membership_total', hosts.length],
    ['membership_healthy', hosts.filter((host) => host.usable).length],
    ...(outlier ? ([['outlier_detection.ejections_active', outlier.stats().ejections_active]] as [string, number][]) : []),
  ];
}
