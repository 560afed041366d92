import type { ExchangeRecord } from '../core/exchange-record.ts';
import { parseGrpcStatus } from '../core/grpc.ts';
import { getHeader } from '../core/headers.ts';
import { flagsText } from '../core/response-flags.ts';
import type { ClusterCounters, ClusterMetrics, StatusCount } from './cluster-counters.ts';
import { type Direction, EndsCache, type Naming, withOutcome } from './ends-cache.ts';
import { Histogram } from './histogram.ts';
import type { MetricFamily, MetricSeries } from './metric-snapshot.ts';

/** Numbers of one combination of labels. */
class RequestSeries {
  readonly labels: readonly string[];
  requests = 0;
  readonly duration = new Histogram();
  readonly requestBytes = new Histogram();
  readonly responseBytes = new Histogram();
  requestMessages = 0;
  responseMessages = 0;

  constructor(labels: readonly string[]) {
    this.labels = labels;
  }
}

/** What is counted for one outcome between two ends. */
class Outcome {
  readonly series: RequestSeries;
  /** Undefined: the request was for no cluster, or the client went away before there was a response. */
  readonly status: StatusCount | undefined;

  constructor(series: RequestSeries, status: StatusCount | undefined) {
    this.series = series;
    this.status = status;
  }
}

/** What was resolved for one pair of ends; their outcomes are few. */
class Ends {
  readonly labels: readonly string[];
  readonly cluster: ClusterCounters | undefined;
  readonly outcomes = new Map<number, Outcome>();
  lastKey = -1;
  last: Outcome | undefined = undefined;

  constructor(labels: readonly string[], cluster: ClusterCounters | undefined) {
    this.labels = labels;
    this.cluster = cluster;
  }
}

/** The standard metrics of HTTP and gRPC requests in one direction (TEL-R1 to R5). */
export class RequestMetrics {
  private readonly series = new Map<string, RequestSeries>();
  private readonly ends: EndsCache<Ends>;

  constructor(direction: Direction, naming: Naming, clusters: ClusterMetrics) {
    this.ends = new EndsCache(direction, naming, (labels, { cluster }) => new Ends(labels, cluster === '' ? undefined : clusters.of(cluster)));
  }

  /** Names of a new table; what was counted stays. */
  rename(naming: Naming): void {
    this.ends.rename(naming);
  }

  /** Once for each request, at its end. */
  record(record: ExchangeRecord): void {
    const ends = this.ends.of(record);
    const { series, status } = this.outcomeOf(ends, record);
    series.requests++;
    series.duration.record(record.completedAt > record.startedAt ? record.completedAt - record.startedAt : 0);
    series.requestBytes.record(record.bytesReceived);
    series.responseBytes.record(record.bytesSent);
    if (record.messages !== undefined) {
      series.requestMessages += record.messages.request.count;
      series.responseMessages += record.messages.response.count;
    }
    if (status !== undefined) status.count++;
    if (ends.cluster !== undefined && (record.attempts > 1 || record.flags !== 0)) ends.cluster.countUnusual(record);
  }

  reset(): void {
    this.series.clear();
    this.ends.clear();
  }

  private outcomeOf(ends: Ends, record: ExchangeRecord): Outcome {
    // Exact: flags have at most 35 bits, a status 10, and 20 values are left for gRPC.
    const key = (record.flags * 1024 + (record.status & 1023)) * 20 + (record.isGrpc ? grpcOutcome(record) : 0);
    if (key === ends.lastKey && ends.last !== undefined) return ends.last;
    let outcome = ends.outcomes.get(key);
    if (outcome === undefined) {
      outcome = new Outcome(this.seriesFor(ends, record), record.status === 0 ? undefined : ends.cluster?.status(record.status));
      ends.outcomes.set(key, outcome);
    }
    ends.lastKey = key;
    ends.last = outcome;
    return outcome;
  }

  /** Names of a new table, and several endpoints of a workload, lead to the same series. */
  private seriesFor(ends: Ends, record: ExchangeRecord): RequestSeries {
    const status = record.isGrpc ? grpcOutcome(record) - 2 : -1;
    const outcome = ['request_protocol', record.isGrpc ? 'grpc' : 'http', 'response_code', String(record.status)];
    if (status >= 0) outcome.push('grpc_response_status', String(status));
    outcome.push('response_flags', flagsText(record.flags));
    const labels = withOutcome(ends.labels, outcome);
    const key = labels.join('\u0000');
    let series = this.series.get(key);
    if (!series) {
      series = new RequestSeries(labels);
      this.series.set(key, series);
    }
    return series;
  }

  families(): MetricFamily[] {
    const all = [...this.series.values()];
    const grpc = all.filter(({ labels }) => labels.includes('grpc'));
    const counter = (name: string, help: string, of: readonly RequestSeries[], value: (s: RequestSeries) => number): MetricFamily => ({
      name,
      type: 'counter',
      help,
      series: of.map((s): MetricSeries => ({ labels: s.labels, value: value(s) })),
    });
    const histogram = (name: string, help: string, value: (s: RequestSeries) => Histogram): MetricFamily => ({
      name,
      type: 'histogram',
      help,
      series: all.map((s): MetricSeries => ({ labels: s.labels, value: value(s).sum, buckets: Array.from(value(s).counts) })),
    });
    return [
      counter('istio_requests_total', 'Requests', all, (s) => s.requests),
      histogram('istio_request_duration_milliseconds', 'Time from the first byte of the request to the last of the response', (s) => s.duration),
      histogram('istio_request_bytes', 'Size of request bodies', (s) => s.requestBytes),
      histogram('istio_response_bytes', 'Size of response bodies', (s) => s.responseBytes),
      counter('istio_request_messages_total', 'gRPC messages from clients', grpc, (s) => s.requestMessages),
      counter('istio_response_messages_total', 'gRPC messages to clients', grpc, (s) => s.responseMessages),
    ];
  }
}

/** 1: no status; 2 and more: the status plus 2, those without a name as one. */
function grpcOutcome({ responseTrailers, responseHeaders }: ExchangeRecord): number {
  const status = parseGrpcStatus(getHeader(responseTrailers, 'grpc-status') ?? getHeader(responseHeaders, 'grpc-status'));
  return status < 0 ? 1 : Math.min(status, 17) + 2;
}
