import { blackHoleCluster, type Cluster, passthroughCluster } from '../../ir/cluster.ts';
import type { ExchangeRecord } from '../core/exchange-record.ts';
import { parseGrpcStatus } from '../core/grpc.ts';
import { getHeader } from '../core/headers.ts';
import { flagsText } from '../core/response-flags.ts';
import { Histogram } from './histogram.ts';
import type { MetricFamily, MetricSeries } from './metric-snapshot.ts';
import { type ServiceLabels, serviceOf, unknown, type WorkloadLabels } from './workload-labels.ts';

export type Direction = 'outbound' | 'inbound';

/** How the two ends of a request are named; asked once for each pair of cluster and endpoint. */
export interface Naming {
  /** Of this table. */
  cluster(name: string): Cluster | undefined;
  /** The workload behind an endpoint of a cluster. */
  destination(cluster: Cluster | undefined, host: string): WorkloadLabels;
  /** The proxy's own. */
  self: WorkloadLabels;
  /** The Host header names the service where no cluster does: at sidecars, for outbound requests. */
  hostHeaderFallback: boolean;
}

/** Series that differ in the Host header of passthrough: more names than this are counted as unknown, for clients make them up. */
const mostFallbackHosts = 1000;

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

/** What was resolved for one pair of ends; answers differ in a small number. */
class EndsSeries {
  readonly ends: readonly string[];
  readonly byOutcome = new Map<number, RequestSeries>();
  lastOutcome = -1;
  last: RequestSeries | undefined = undefined;

  constructor(ends: readonly string[]) {
    this.ends = ends;
  }
}

/** The standard metrics of HTTP and gRPC requests in one direction (TEL-R1 to R5). */
export class RequestMetrics {
  private readonly direction: Direction;
  private naming: Naming;
  private readonly series = new Map<string, RequestSeries>();
  /** Cluster → endpoint. */
  private readonly byCluster = new Map<string, Map<string, EndsSeries>>();
  /** Host header → route: what went to no cluster, and to the original destination. */
  private readonly byHostHeader = new Map<string, Map<string, EndsSeries>>();
  private readonly passthrough = new Map<string, Map<string, EndsSeries>>();
  /** Identity of the client → cluster. */
  private readonly byPrincipal = new Map<string, Map<string, EndsSeries>>();
  private readonly fallbackHosts = new Set<string>();

  constructor(direction: Direction, naming: Naming) {
    this.direction = direction;
    this.naming = naming;
  }

  /** Names of a new table; what was counted stays. */
  rename(naming: Naming): void {
    this.naming = naming;
    this.forgetEnds();
  }

  /** Once for each request, at its end. */
  record(record: ExchangeRecord): void {
    const series = this.seriesOf(record);
    series.requests++;
    series.duration.record(record.completedAt > record.startedAt ? record.completedAt - record.startedAt : 0);
    series.requestBytes.record(record.bytesReceived);
    series.responseBytes.record(record.bytesSent);
  }

  /** Messages of a gRPC request, besides `record`. */
  recordMessages(record: ExchangeRecord, requests: number, responses: number): void {
    const series = this.seriesOf(record);
    series.requestMessages += requests;
    series.responseMessages += responses;
  }

  reset(): void {
    this.series.clear();
    this.fallbackHosts.clear();
    this.forgetEnds();
  }

  private forgetEnds(): void {
    for (const map of [this.byCluster, this.byHostHeader, this.passthrough, this.byPrincipal]) map.clear();
  }

  private seriesOf(record: ExchangeRecord): RequestSeries {
    const ends = this.endsOf(record);
    // Exact: flags have at most 35 bits, a status 10, and 18 values are left for gRPC.
    const outcome = (record.flags * 1024 + (record.status & 1023)) * 20 + (record.isGrpc ? grpcOutcome(record) : 0);
    if (outcome === ends.lastOutcome && ends.last) return ends.last;
    let series = ends.byOutcome.get(outcome);
    if (!series) {
      series = this.makeSeries(ends, record);
      ends.byOutcome.set(outcome, series);
    }
    ends.lastOutcome = outcome;
    ends.last = series;
    return series;
  }

  private endsOf(record: ExchangeRecord): EndsSeries {
    const { cluster, upstreamHost } = record;
    if (this.direction === 'inbound') {
      const principal = record.peerUriSans[0];
      if (principal !== undefined) return this.ends(this.byPrincipal, principal, cluster, record);
    } else if (cluster === '') return this.ends(this.byHostHeader, this.fallbackHost(record), record.route, record);
    else if (cluster === passthroughCluster) return this.ends(this.passthrough, this.fallbackHost(record), record.route, record);
    return this.ends(this.byCluster, cluster, upstreamHost, record);
  }

  /** Two steps instead of one key, because a key would have to be made for each request. */
  private ends(map: Map<string, Map<string, EndsSeries>>, first: string, second: string, record: ExchangeRecord): EndsSeries {
    let inner = map.get(first);
    if (!inner) {
      inner = new Map();
      map.set(first, inner);
    }
    let ends = inner.get(second);
    if (!ends) {
      ends = new EndsSeries(this.describeEnds(record));
      inner.set(second, ends);
    }
    return ends;
  }

  private fallbackHost({ authority }: ExchangeRecord): string {
    if (!this.naming.hostHeaderFallback || authority === '') return unknown;
    if (this.fallbackHosts.has(authority)) return authority;
    if (this.fallbackHosts.size >= mostFallbackHosts) return unknown;
    this.fallbackHosts.add(authority);
    return authority;
  }

  /** All labels that the outcome does not change, in the order of the reference. */
  private describeEnds(record: ExchangeRecord): string[] {
    const { naming } = this;
    const cluster = record.cluster === '' ? undefined : naming.cluster(record.cluster);
    const inbound = this.direction === 'inbound';
    const principal = record.peerUriSans[0];
    const source = inbound ? unknownSource(principal) : naming.self;
    const destination = inbound ? naming.self : naming.destination(cluster, record.upstreamHost);
    const service = this.serviceOf(record, cluster);
    return Object.entries({
      reporter: inbound ? 'destination' : 'source',
      source_workload: source.workload,
      source_canonical_service: source.canonicalService,
      source_canonical_revision: source.canonicalRevision,
      source_workload_namespace: source.namespace,
      source_principal: source.principal,
      source_app: source.app,
      source_version: source.version,
      source_cluster: source.cluster,
      destination_workload: destination.workload,
      destination_workload_namespace: destination.namespace,
      destination_principal: inbound && principal !== undefined ? (record.localUriSans[0] ?? unknown) : destination.principal,
      destination_app: destination.app,
      destination_version: destination.version,
      destination_service: service.host,
      destination_service_name: service.name,
      destination_service_namespace: service.namespace,
      destination_canonical_service: destination.canonicalService,
      destination_canonical_revision: destination.canonicalRevision,
      destination_cluster: destination.cluster,
      connection_security_policy: !inbound ? unknown : principal === undefined ? 'none' : 'mutual_tls',
    }).flat();
  }

  private serviceOf(record: ExchangeRecord, cluster: Cluster | undefined): ServiceLabels {
    const service = cluster && serviceOf(cluster);
    if (service) return service;
    const namespace = this.direction === 'inbound' ? this.naming.self.namespace : unknown;
    return { host: this.direction === 'inbound' ? unknown : this.fallbackHost(record), name: fixedName(record), namespace };
  }

  private makeSeries({ ends }: EndsSeries, record: ExchangeRecord): RequestSeries {
    const status = record.isGrpc ? grpcOutcome(record) - 2 : -1;
    const protocol = ['request_protocol', record.isGrpc ? 'grpc' : 'http', 'response_code', String(record.status)];
    if (status >= 0) protocol.push('grpc_response_status', String(status));
    protocol.push('response_flags', flagsText(record.flags));
    const before = ends.length - 2;
    const labels = [...ends.slice(0, before), ...protocol, ...ends.slice(before)];
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

/** TEL-R3: by the cluster, or by the route that stands for it. */
function fixedName({ cluster, route }: ExchangeRecord): string {
  if (cluster === passthroughCluster || cluster === blackHoleCluster) return cluster;
  if (route === 'allow_any') return passthroughCluster;
  if (route === 'block_all') return blackHoleCluster;
  return unknown;
}

const namespaceOfPrincipal = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\//;

/** Without the exchange of metadata a client is known by its certificate alone. */
function unknownSource(principal: string | undefined): WorkloadLabels {
  const namespace = principal === undefined ? undefined : namespaceOfPrincipal.exec(principal)?.[1];
  return {
    workload: unknown,
    namespace: namespace ?? unknown,
    canonicalService: unknown,
    canonicalRevision: unknown,
    principal: principal ?? unknown,
    app: unknown,
    version: unknown,
    cluster: unknown,
  };
}
