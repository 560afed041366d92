import type { ExchangeRecord } from '../core/exchange-record.ts';
import { flagsText } from '../core/response-flags.ts';
import { type Direction, EndsCache, type Naming, withOutcome } from './ends-cache.ts';
import type { MetricFamily } from './metric-snapshot.ts';

/** Numbers of the TCP connections of one combination of labels (TEL-R1). */
class TcpSeries {
  readonly labels: readonly string[];
  opened = 0;
  closed = 0;
  sentBytes = 0;
  receivedBytes = 0;

  constructor(labels: readonly string[]) {
    this.labels = labels;
  }
}

interface EndsSeries {
  labels: readonly string[];
  byFlags: Map<number, TcpSeries>;
}

/** The standard metrics of TCP connections in one direction. */
export class TcpMetrics {
  private readonly series = new Map<string, TcpSeries>();
  private readonly ends: EndsCache<EndsSeries>;

  constructor(direction: Direction, naming: Naming) {
    this.ends = new EndsCache(direction, naming, (labels) => ({ labels, byFlags: new Map() }));
  }

  rename(naming: Naming): void {
    this.ends.rename(naming);
  }

  /** An endpoint was connected, or none could be. */
  open(record: ExchangeRecord): void {
    this.of(record).opened++;
  }

  /** Bytes since the last call: to the client and from it. */
  transfer(record: ExchangeRecord, sent: number, received: number): void {
    const series = this.of(record);
    series.sentBytes += sent;
    series.receivedBytes += received;
  }

  close(record: ExchangeRecord): void {
    this.of(record).closed++;
  }

  reset(): void {
    this.series.clear();
    this.ends.clear();
  }

  private of(record: ExchangeRecord): TcpSeries {
    const ends = this.ends.of(record);
    let series = ends.byFlags.get(record.flags);
    if (!series) {
      const labels = withOutcome(ends.labels, ['request_protocol', 'tcp', 'response_flags', flagsText(record.flags)]);
      const key = labels.join('\u0000');
      series = this.series.get(key);
      if (!series) {
        series = new TcpSeries(labels);
        this.series.set(key, series);
      }
      ends.byFlags.set(record.flags, series);
    }
    return series;
  }

  families(): MetricFamily[] {
    const all = [...this.series.values()];
    const counter = (name: string, help: string, value: (series: TcpSeries) => number): MetricFamily => ({
      name,
      type: 'counter',
      help,
      series: all.map((series) => ({ labels: series.labels, value: value(series) })),
    });
    return [
      counter('istio_tcp_connections_opened_total', 'TCP connections opened', (s) => s.opened),
      counter('istio_tcp_connections_closed_total', 'TCP connections closed', (s) => s.closed),
      counter('istio_tcp_sent_bytes_total', 'Bytes sent to clients of TCP connections', (s) => s.sentBytes),
      counter('istio_tcp_received_bytes_total', 'Bytes received from clients of TCP connections', (s) => s.receivedBytes),
    ];
  }
}
