import { describe, expect, it } from 'vitest';
import { flagsText } from '../core/response-flags.ts';
import type { ConnectionInfo } from '../stream.ts';
import type { TcpRecord } from '../tcp/proxy.ts';
import { accessLogLine } from './access-log.ts';
import { Metrics } from './metrics.ts';
import { connectionRecord, flagSet, refusalRecord } from './records.ts';
import { TcpTelemetry } from './tcp-telemetry.ts';
import { recordForTests, tableForTests } from './testing.ts';

const text = accessLogLine({ accessLogFormat: '', accessLogEncoding: 'text' }).line;
const wall = Date.parse('2026-11-22T15:08:47.381Z');
const client = { id: 4, remoteAddress: '127.0.0.1', remotePort: 44062, localAddress: '127.0.0.1', localPort: 28004, serverName: '', filterChain: 'c' };

function tcpRecord(changes: Partial<TcpRecord> = {}): TcpRecord {
  const cluster = tableForTests().clusters.find(({ name }) => name === recordForTests().cluster);
  const host = { key: '10.0.0.1:8080' } as unknown as TcpRecord['host'];
  const empty = {
    upstreamLocalAddress: '',
    upstreamLocalPort: 0,
    transportFailure: '',
    terminationDetails: '',
    details: '',
    bytesReceived: 0,
    bytesSent: 0,
    durationMs: 0,
  };
  return { flags: '-', cluster, host, startTime: wall, ...empty, ...changes };
}

function observed() {
  const lines: string[] = [];
  const metrics = new Metrics(tableForTests());
  const telemetry = new TcpTelemetry();
  const observer = telemetry.observe(connectionRecord(client), metrics.tcpOutbound, (record) => lines.push(text(record)));
  const values = (name: string) =>
    metrics
      .snapshot()
      .find((f) => f.name === name)
      ?.series.map((s) => s.value);
  return { lines, telemetry, observer, values };
}

describe('lines of what is no request', () => {
  it('LR-R18: of a refused request, with what was read of it', () => {
    const connection: ConnectionInfo = { ...client, protocol: 'HTTP/1.1' };
    const refusal = { status: 431, flags: 'DPE', details: 'http1.headers_too_large', bytesSent: 31, head: { method: 'GET', path: '/x' } };
    expect(text(refusalRecord(connection, 'c', refusal, { now: 5, wallTime: wall }))).toBe(
      '[2026-11-22T15:08:47.381Z] "GET /x HTTP/1.1" 431 DPE http1.headers_too_large - "-" 0 31 0 - "-" "-" "-" "-" "-" - - 127.0.0.1:28004 127.0.0.1:44062 - -\n',
    );
  });

  // The recorded line is Envoy 1.40's for a refused connection, with another cluster.
  it('TEL-R12: of a TCP connection that found no endpoint', () => {
    const { lines, observer, values } = observed();
    observer.onClosed(tcpRecord({ flags: 'UF,URX', transportFailure: 'delayed_connect_error:_Connection_refused' }));
    expect(lines).toEqual([
      '[2026-11-22T15:08:47.381Z] "- - -" 0 UF,URX - - "delayed_connect_error:_Connection_refused" 0 0 0 - "-" "-" "-" "-" "10.0.0.1:8080" outbound|8080|v1|pay.shop.svc.cluster.local - 127.0.0.1:28004 127.0.0.1:44062 - -\n',
    ]);
    expect(values('istio_tcp_connections_opened_total')).toEqual([1]);
    expect(values('istio_tcp_connections_closed_total')).toEqual([1]);
  });

  it('TEL-R1: bytes are counted while the connection is open, each once', () => {
    const { lines, telemetry, observer, values } = observed();
    const tcp = tcpRecord();
    observer.onConnected(tcp);
    tcp.bytesSent = 124;
    telemetry.report();
    tcp.bytesReceived = 82;
    telemetry.report();
    expect(values('istio_tcp_sent_bytes_total')).toEqual([124]);
    expect(values('istio_tcp_received_bytes_total')).toEqual([82]);
    expect(values('istio_tcp_connections_closed_total')).toEqual([0]);
    tcp.bytesSent = 130;
    Object.assign(tcp, { durationMs: 2.6, upstreamLocalAddress: '127.0.0.1', upstreamLocalPort: 36266 });
    observer.onClosed(tcp);
    telemetry.report();
    telemetry.close();
    expect(values('istio_tcp_sent_bytes_total')).toEqual([130]);
    expect(values('istio_tcp_connections_closed_total')).toEqual([1]);
    expect(lines[0]).toContain('"- - -" 0 - - - "-" 82 130 2 - "-" "-" "-" "-" "10.0.0.1:8080" outbound|8080|v1|pay.shop.svc.cluster.local 127.0.0.1:36266 ');
  });

  it('reads flags from their names', () => {
    for (const names of ['-', 'UF,URX', 'DPE', 'URX,UF']) expect(flagsText(flagSet(names))).toBe(names);
    expect(flagSet('')).toBe(0);
    expect(flagSet('NOPE')).toBe(0);
  });
});
