import type { ExchangeRecord } from '../core/exchange-record.ts';
import { flags, hasFlag } from '../core/response-flags.ts';
import { TlsCounters } from '../tls/counters.ts';
import type { MetricFamily, MetricSeries } from './metric-snapshot.ts';
import { TlsFamilies } from './tls-families.ts';

/** Responses of one status; those who count keep the object. */
export class StatusCount {
  readonly status: number;
  count = 0;

  constructor(status: number) {
    this.status = status;
  }
}

/** What requests did at one cluster, with the names of Envoy (TEL-R7). */
export class ClusterCounters {
  readonly statuses = new Map<number, StatusCount>();
  /** Responses that were not passed on because the request was tried again. */
  readonly retriedStatuses = new Map<number, StatusCount>();
  retries = 0;
  retrySuccesses = 0;
  retryLimitExceeded = 0;
  timeouts = 0;
  perTryTimeouts = 0;
  readonly tls = new TlsCounters();

  status(status: number): StatusCount {
    return countFor(this.statuses, status);
  }

  /** A response that is not passed on; `perTryTimeout` for tries that took too long. */
  countRetried(status: number): void {
    countFor(this.retriedStatuses, status).count++;
  }

  countPerTryTimeout(): void {
    this.perTryTimeouts++;
  }

  /** Of a finished request that was tried again or has flags; its status is counted apart. */
  countUnusual(record: ExchangeRecord): void {
    const exceeded = hasFlag(record.flags, flags.upstreamRetryLimitExceeded);
    if (record.attempts > 1) {
      this.retries += record.attempts - 1;
      if (!exceeded && record.status < 500) this.retrySuccesses++;
    }
    if (exceeded) this.retryLimitExceeded++;
    if (record.details === 'response_timeout') this.timeouts++;
  }
}

function countFor(map: Map<number, StatusCount>, status: number): StatusCount {
  let count = map.get(status);
  if (!count) {
    count = new StatusCount(status);
    map.set(status, count);
  }
  return count;
}

/** Counters of all clusters that had a request. */
export class ClusterMetrics {
  private readonly clusters = new Map<string, ClusterCounters>();

  of(name: string): ClusterCounters {
    let counters = this.clusters.get(name);
    if (!counters) {
      counters = new ClusterCounters();
      this.clusters.set(name, counters);
    }
    return counters;
  }

  /** Only clusters of the table in force are kept. */
  retain(names: ReadonlySet<string>): void {
    for (const name of this.clusters.keys()) if (!names.has(name)) this.clusters.delete(name);
  }

  reset(): void {
    this.clusters.clear();
  }

  families(): MetricFamily[] {
    const families = new ClusterFamilies();
    const tls = new TlsFamilies('cluster', 'cluster_name');
    for (const [name, counters] of this.clusters) {
      tls.add(name, `cluster.${name};.`, counters.tls, 'upstream_context_secrets_not_ready');
      const add = (stat: string, value: number): void => families.add('counter', stat, name, value);
      let completed = 0;
      for (const { count } of counters.statuses.values()) completed += count;
      add('upstream_rq_completed', completed);
      add('external.upstream_rq_completed', completed);
      for (const prefix of ['', 'external.']) families.addStatuses(`${prefix}upstream_rq`, name, counters.statuses);
      families.addStatuses('retry.upstream_rq', name, counters.retriedStatuses);
      add('upstream_rq_retry', counters.retries);
      add('upstream_rq_retry_backoff_exponential', counters.retries);
      add('upstream_rq_retry_success', counters.retrySuccesses);
      add('upstream_rq_retry_limit_exceeded', counters.retryLimitExceeded);
      add('upstream_rq_timeout', counters.timeouts);
      add('upstream_rq_per_try_timeout', counters.perTryTimeouts);
    }
    return [...families.list(), ...tls.list()];
  }
}

/** Families of `cluster.<name>;.<stat>`, in Prometheus `envoy_cluster_<stat>{cluster_name="<name>"}`. */
export class ClusterFamilies {
  private readonly families = new Map<string, MetricFamily>();

  /** @param stat with dots: `outlier_detection.ejections_active` */
  add(type: 'counter' | 'gauge', stat: string, cluster: string, value: number): void {
    this.series(type, stat).push({ labels: ['cluster_name', cluster], stat: `cluster.${cluster};.${stat}`, value });
  }

  /** `upstream_rq_503`, and of each class `upstream_rq{response_code_class="5xx"}`. */
  addStatuses(stat: string, cluster: string, statuses: ReadonlyMap<number, StatusCount>): void {
    const classes = new Map<string, number>();
    for (const { status, count } of statuses.values()) {
      this.add('counter', `${stat}_${status}`, cluster, count);
      const name = `${Math.floor(status / 100)}xx`;
      classes.set(name, (classes.get(name) ?? 0) + count);
    }
    for (const [name, value] of classes) {
      const labels = ['response_code_class', name, 'cluster_name', cluster];
      this.series('counter', stat).push({ labels, stat: `cluster.${cluster};.${stat}_${name}`, value });
    }
  }

  list(): MetricFamily[] {
    return [...this.families.values()];
  }

  private series(type: 'counter' | 'gauge', stat: string): MetricSeries[] {
    let family = this.families.get(stat);
    if (!family) {
      family = { name: `envoy_cluster_${stat.replaceAll('.', '_')}`, type, help: '', series: [] };
      this.families.set(stat, family);
    }
    return family.series;
  }
}
