import type { ExchangeRecord } from '../core/exchange-record.ts';
import type { TcpObserver, TcpRecord } from '../tcp/proxy.ts';
import { TcpLogRecord } from './records.ts';
import type { TcpMetrics } from './tcp-metrics.ts';

/** Bytes of connections that stay open are counted this often. */
const reportMs = 5000;

type TcpLog = (record: ExchangeRecord) => void;

/** Metrics and the access log of TCP connections. */
export class TcpTelemetry {
  private readonly open = new Set<ObservedConnection>();
  private readonly timer: NodeJS.Timeout;

  constructor() {
    this.timer = setInterval(() => this.report(), reportMs);
    this.timer.unref();
  }

  /**
   * @param record of the connection
   * @param log undefined: the connection is not logged
   */
  observe(record: ExchangeRecord, metrics: TcpMetrics, log: TcpLog | undefined): TcpObserver {
    return new ObservedConnection(record, metrics, log, this.open);
  }

  /** Counts the bytes since the last time. */
  report(): void {
    for (const connection of this.open) connection.report();
  }

  close(): void {
    clearInterval(this.timer);
  }
}

class ObservedConnection implements TcpObserver {
  private readonly line: TcpLogRecord;
  private readonly metrics: TcpMetrics;
  private readonly log: TcpLog | undefined;
  private readonly open: Set<ObservedConnection>;
  private tcp: TcpRecord | undefined;
  private sent = 0;
  private received = 0;

  constructor(record: ExchangeRecord, metrics: TcpMetrics, log: TcpLog | undefined, open: Set<ObservedConnection>) {
    this.line = new TcpLogRecord(record);
    this.metrics = metrics;
    this.log = log;
    this.open = open;
  }

  onConnected(tcp: TcpRecord): void {
    this.begin(tcp);
    this.open.add(this);
  }

  /** One that never was connected is opened and closed at once. */
  onClosed(tcp: TcpRecord): void {
    this.open.delete(this);
    if (!this.tcp) this.begin(tcp);
    this.report();
    this.metrics.close(this.line.record);
    this.log?.(this.line.record);
  }

  report(): void {
    const { tcp } = this;
    if (!tcp) return;
    this.line.update(tcp);
    const { record } = this.line;
    this.metrics.transfer(record, record.bytesSent - this.sent, record.bytesReceived - this.received);
    this.sent = record.bytesSent;
    this.received = record.bytesReceived;
  }

  private begin(tcp: TcpRecord): void {
    this.tcp = tcp;
    this.line.update(tcp);
    this.metrics.open(this.line.record);
  }
}
