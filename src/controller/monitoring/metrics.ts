import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Histogram } from '../../proxy/telemetry/histogram.ts';
import type { MetricFamily, MetricSeries } from '../../proxy/telemetry/metric-snapshot.ts';

/** What is counted, with the names of its labels. */
const counters = {
  weft_mesh_commits_total: { help: 'Versions of the mesh that were made', labels: [] },
  weft_mesh_changes_total: { help: 'Objects that changed between versions of the mesh', labels: [] },
  weft_watch_events_total: { help: 'Changes of objects that the API server told', labels: ['kind'] },
  weft_watch_outages_total: { help: 'Times at which objects could not be watched', labels: ['kind'] },
  weft_mesh_config_rejected_total: { help: 'Mesh configurations that were refused, while the one before went on', labels: [] },
  weft_xds_connections_total: { help: 'Streams that proxies began', labels: ['protocol'] },
  weft_xds_tables_total: { help: 'Routing tables that were made', labels: [] },
  weft_xds_rejects_total: { help: 'Responses that proxies refused', labels: ['type'] },
  weft_injections_total: { help: 'Pods that the injection webhook was asked about', labels: ['result'] },
  weft_injection_config_rejected_total: { help: 'Injection configurations that were refused, while the one before went on', labels: [] },
  weft_validations_total: { help: 'Objects that the validation webhook was asked about', labels: ['kind', 'result'] },
  weft_webhook_bad_requests_total: { help: 'Requests to webhooks that were no reviews', labels: [] },
  weft_certificates_signed_total: { help: 'Certificates that were signed for workloads', labels: [] },
  weft_callers_refused_total: { help: 'Callers that have proven nothing, or may not have what they ask for', labels: [] },
  weft_certificate_rotations_total: { help: 'Certificates that were made', labels: [] },
  weft_webhook_patches_total: { help: 'Webhook configurations that were given the authority to trust', labels: [] },
  weft_status_writes_total: { help: 'Statuses of user resources that were written', labels: ['result'] },
  weft_leader_changes_total: { help: 'Times at which this replica began or ended to lead', labels: [] },
} as const;
export type Counter = keyof typeof counters;

const histograms = {
  weft_mesh_commit_milliseconds: 'Time to make a version of the mesh',
  weft_xds_table_milliseconds: 'Time to make a routing table',
  weft_injection_milliseconds: 'Time to answer the injection webhook',
  weft_validation_milliseconds: 'Time to answer the validation webhook',
} as const;
export type Timed = keyof typeof histograms;

/** What is asked for when somebody wants to see the metrics. */
export interface ControllerFacts {
  objects: ReadonlyMap<string, number>;
  unsynced: number;
  invalid: ReadonlyMap<string, number>;
  proxies: number;
  ready: boolean;
  leads: boolean;
  /** In milliseconds since the epoch; undefined: there is none yet. */
  servingExpiry: number | undefined;
  authorityExpiry: number | undefined;
  /** Of what signs for workloads. */
  meshExpiry: number | undefined;
  version: string;
  clusterId: string;
}

const loopResolutionMs = 20;

/** Everything that the controller counts. */
export class ControllerMetrics {
  private readonly counts = new Map<Counter, Map<string, { labels: readonly string[]; value: number }>>();
  private readonly times = new Map<Timed, Histogram>();
  private readonly loop = monitorEventLoopDelay({ resolution: loopResolutionMs });

  constructor() {
    this.loop.enable();
    for (const name of Object.keys(counters) as Counter[]) if (counters[name].labels.length === 0) this.count(name, [], 0);
    for (const name of Object.keys(histograms) as Timed[]) this.times.set(name, new Histogram());
  }

  /** @param values of the counter's labels, in their order */
  count(name: Counter, values: readonly string[] = [], by = 1): void {
    const series = this.counts.get(name) ?? new Map();
    this.counts.set(name, series);
    const key = values.join('\u0000');
    const known = series.get(key);
    if (known) known.value += by;
    else series.set(key, { labels: counters[name].labels.flatMap((label, i) => [label, values[i] ?? '']), value: by });
  }

  time(name: Timed, milliseconds: number): void {
    this.times.get(name)?.record(milliseconds);
  }

  /** How often something was counted, all labels together. */
  total(name: Counter): number {
    let sum = 0;
    for (const { value } of this.counts.get(name)?.values() ?? []) sum += value;
    return sum;
  }

  close(): void {
    this.loop.disable();
  }

  families(facts: ControllerFacts): MetricFamily[] {
    const counted = [...this.counts].map(
      ([name, series]): MetricFamily => ({ name, type: 'counter', help: counters[name].help, series: [...series.values()] }),
    );
    const timed = [...this.times].map(
      ([name, histogram]): MetricFamily => ({
        name,
        type: 'histogram',
        help: histograms[name],
        series: [{ labels: [], value: histogram.sum, buckets: [...histogram.counts] }],
      }),
    );
    return [...counted, ...timed, ...gaugesOf(facts), ...this.ofProcess()];
  }

  private ofProcess(): MetricFamily[] {
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    // What is measured is the time between two looks.
    const lag = (quantile: number): number => Math.max(0, this.loop.percentile(quantile) / 1e6 - loopResolutionMs) / 1e3;
    const families: MetricFamily[] = [
      { name: 'process_cpu_seconds_total', type: 'counter', help: 'Processor time', series: [{ labels: [], value: (user + system) / 1e6 }] },
      gauge('process_resident_memory_bytes', 'Memory that the process has', rss),
      gauge('process_start_time_seconds', 'When the process began', Math.floor(Date.now() / 1000 - process.uptime())),
      gauge('nodejs_heap_size_used_bytes', 'Memory that objects use', heapUsed),
      gauge('nodejs_heap_size_total_bytes', 'Memory for objects', heapTotal),
      gauge('nodejs_external_memory_bytes', 'Memory of buffers', external),
      {
        name: 'nodejs_eventloop_lag_seconds',
        type: 'gauge',
        help: 'How late the process came to its work since the metrics were last asked for',
        series: [0.5, 0.99, 1].map((quantile) => ({ labels: ['quantile', String(quantile)], value: lag(quantile * 100) })),
      },
    ];
    this.loop.reset();
    return families;
  }
}

function gaugesOf(facts: ControllerFacts): MetricFamily[] {
  const byKind = (counts: ReadonlyMap<string, number>): MetricSeries[] => [...counts].map(([kind, value]) => ({ labels: ['kind', kind], value }));
  const { servingExpiry, authorityExpiry, meshExpiry } = facts;
  const expiries = [
    ['serving', servingExpiry],
    ['authority', authorityExpiry],
    ['mesh', meshExpiry],
  ] as const;
  return [
    { name: 'weft_watched_objects', type: 'gauge', help: 'Objects of the cluster that are watched', series: byKind(facts.objects) },
    { name: 'weft_invalid_objects', type: 'gauge', help: 'Objects that break the rules of their kind, and are left out', series: byKind(facts.invalid) },
    gauge('weft_unsynced_kinds', 'Kinds that were not read yet', facts.unsynced),
    gauge('weft_connected_proxies', 'Proxies that are connected', facts.proxies),
    gauge('weft_ready', 'Whether proxies are served', Number(facts.ready)),
    gauge('weft_leader', 'Whether this replica writes', Number(facts.leads)),
    {
      name: 'weft_certificate_expiry_seconds',
      type: 'gauge',
      help: 'When a certificate ends, in seconds since the epoch',
      series: expiries.flatMap(([certificate, at]) => (at === undefined ? [] : [{ labels: ['certificate', certificate], value: Math.floor(at / 1000) }])),
    },
    {
      name: 'weft_build_info',
      type: 'gauge',
      help: 'Version of the program, and the cluster that it is in',
      series: [{ labels: ['version', facts.version, 'cluster', facts.clusterId], value: 1 }],
    },
  ];
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, type: 'gauge', help, series: [{ labels: [], value }] };
}
