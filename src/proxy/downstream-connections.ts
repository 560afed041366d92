// Connections of clients that have found their filter chain: TLS is ended where the chain says so, then HTTP/1, HTTP/2 or TCP takes them.
import type { DownstreamTls, FilterChain, TcpFilter } from '../ir/listener.ts';
import type { ClientLimits } from './client-limits.ts';
import type { Clock } from './core/clock.ts';
import type { ExchangeRecord } from './core/exchange-record.ts';
import type { HttpScope } from './http-scope.ts';
import { chainKey, type HttpChain, type HttpScopes } from './http-scopes.ts';
import { ServerConnection } from './http1/server-connection.ts';
import { defaultServerOptions } from './http1/server-options.ts';
import { Http2ServerConnection } from './http2/server-connection.ts';
import type { Accepted, ConnectionTaker } from './listeners.ts';
import { type OpenConnection, OpenConnections } from './open-connections.ts';
import type { TableSecurity } from './security/table-security.ts';
import type { ConnectionInfo } from './stream.ts';
import { type Detection, Detector } from './tcp/detect.ts';
import { TcpProxyConnection, type TcpProxyDeps } from './tcp/proxy.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { connectionRecord, failedHandshakeRecord, type LoggedConnection, refusedConnectionRecord } from './telemetry/records.ts';
import { TcpTelemetry } from './telemetry/tcp-telemetry.ts';
import { resetAndDestroy } from './tls/raw-socket.ts';
import type { TlsTermination } from './tls/termination.ts';

export interface DownstreamOptions {
  clock: Clock;
  limits: ClientLimits;
  /** Of connections that are to end: what they have at most. */
  drainMs: number;
  scopes: HttpScopes;
  termination: TlsTermination;
  tcp: TcpProxyDeps;
  accessLog: (record: ExchangeRecord) => void;
  /** The last one is closed. */
  onIdle: () => void;
}

/** What of the table in force is asked for with each connection. */
export interface DownstreamTable {
  metrics: Metrics;
  security: TableSecurity;
}

type TcpChain = FilterChain & { filter: TcpFilter };

export class DownstreamConnections implements ConnectionTaker {
  private readonly options: DownstreamOptions;
  private readonly open: OpenConnections<string>;
  private readonly tcpTelemetry = new TcpTelemetry();
  private table: DownstreamTable | undefined;

  constructor(options: DownstreamOptions) {
    this.options = options;
    this.open = new OpenConnections(options.clock, options.drainMs, options.onIdle);
  }

  get size(): number {
    return this.open.size;
  }

  /** Those of filter chains that the table does not have any more end in their time. */
  apply(table: DownstreamTable): void {
    this.table = table;
  }

  drainGone(): void {
    this.open.drainOthers(this.options.scopes.chains);
  }

  drainAll(): void {
    this.open.drainAll();
  }

  destroy(): void {
    this.tcpTelemetry.close();
    this.options.termination.destroyAll();
    this.open.destroyAll();
  }

  http(accepted: Accepted, chain: HttpChain): void {
    const scope = this.options.scopes.of(accepted.listener, chain);
    if (!scope) {
      resetAndDestroy(accepted.socket);
      return;
    }
    const counters = this.table?.metrics.listener(accepted.listener.name);
    if (counters) {
      counters.connectionsTotal++;
      counters.connectionsActive++;
    }
    this.keep(accepted, chain, (closed) =>
      this.httpConnection(accepted, chain, scope, () => {
        if (counters) counters.connectionsActive--;
        closed();
      }),
    );
  }

  private httpConnection(accepted: Accepted, { filter }: HttpChain, scope: HttpScope, closed: () => void): OpenConnection {
    const { clock, limits } = this.options;
    const { socket, bytes, detection } = accepted;
    const idleTimeoutMs = filter.idleTimeoutMs ?? limits.idleTimeoutMs;
    if (detection.protocol === 'h2c') {
      const streams = filter.http2MaxConcurrentStreams;
      return new Http2ServerConnection(
        socket,
        bytes,
        connectionInfo(accepted, 'HTTP/2'),
        scope,
        clock,
        { ...(streams === undefined ? {} : { maxConcurrentStreams: streams }), idleTimeoutMs, frameTimeoutMs: limits.headersTimeoutMs },
        closed,
      );
    }
    return new ServerConnection(
      socket,
      connectionInfo(accepted, 'HTTP/1.1'),
      scope,
      {
        ...defaultServerOptions,
        ...limits,
        serverName: filter.serverName,
        http10: filter.http10,
        maxHeadBytes: filter.maxRequestHeadersKb * 1024,
        idleTimeoutMs: idleTimeoutMs ?? defaultServerOptions.idleTimeoutMs,
      },
      bytes,
      closed,
    );
  }

  /** The connection is among those that are there until it is closed, which may be before `begin` returns. */
  private keep(accepted: Accepted, chain: FilterChain, begin: (closed: () => void) => OpenConnection): void {
    let over = false;
    let connection: OpenConnection | undefined;
    connection = begin(() => {
      over = true;
      if (connection) this.open.delete(connection);
    });
    if (!over) this.open.add(connection, chainKey(accepted.listener, chain), this.options.scopes.chains);
  }

  tls(accepted: Accepted, chain: FilterChain & { tls: DownstreamTls }): void {
    if (!this.table) return;
    const { termination, accessLog } = this.options;
    const { socket, bytes, detection, listener } = accepted;
    const counters = this.table.metrics.listener(listener.name).tls;
    const { serverName, applicationProtocols } = detection;
    termination.accept({ socket, bytes, serverName, applicationProtocols, direction: listener.direction, counters }, chain.tls, {
      secured: (secured) => this.secured({ ...accepted, socket: secured.socket, bytes: nothing, tls: secured.tls }, chain, secured.applicationProtocol),
      refused: ({ reason }) => {
        // What waits for requests has nothing to tell of a connection that had none.
        if (chain.filter.kind === 'tcp') accessLog(failedHandshakeRecord(logged(accepted, chain.name), reason, this.now()));
      },
    });
  }

  /** Without a protocol that was agreed on, the first bytes tell HTTP/1 and HTTP/2 apart. */
  private secured(accepted: Accepted, chain: FilterChain, applicationProtocol: string): void {
    if (chain.filter.kind === 'tcp') {
      this.tcp(accepted, chain as TcpChain);
      return;
    }
    const http = chain as HttpChain;
    const { serverName } = accepted.detection;
    const take = (protocol: Detection['protocol'], bytes: Buffer): void =>
      this.http({ ...accepted, bytes, detection: { protocol, serverName, applicationProtocols: [] } }, http);
    if (applicationProtocol !== '') {
      take(applicationProtocol === 'h2' ? 'h2c' : 'http/1.1', nothing);
      return;
    }
    const { clock, limits } = this.options;
    const idleTimeoutMs = http.filter.idleTimeoutMs ?? limits.idleTimeoutMs ?? defaultServerOptions.idleTimeoutMs;
    Detector.detect(accepted.socket, { http: 'preface', tls: false, timeoutMs: 0, idleTimeoutMs }, clock, (detection, bytes) => {
      if (detection) take(detection.protocol, bytes);
    });
  }

  tcp(accepted: Accepted, chain: TcpChain): void {
    if (!this.table) return;
    const { metrics, security } = this.table;
    const { tcp, accessLog } = this.options;
    const { socket, bytes, remoteAddress, originalDestination, listener } = accepted;
    const record = connectionRecord(logged(accepted, chain.name));
    const observer = this.tcpTelemetry.observe(record, listener.direction === 'outbound' ? metrics.tcpOutbound : metrics.tcpInbound, accessLog);
    const guard = security.connectionGuard(listener);
    this.keep(accepted, chain, (closed) => {
      const connection = new TcpProxyConnection(
        tcp,
        chain.filter,
        { socket, bytes, remoteAddress, originalDestination, judge: guard && ((decided) => guard.check(record, decided)) },
        {
          onConnected: (tcpRecord) => observer.onConnected(tcpRecord),
          onClosed: (tcpRecord) => {
            observer.onClosed(tcpRecord);
            closed();
          },
        },
      );
      return { drain: () => {}, destroy: () => connection.destroy() };
    });
  }

  /** SEL-R75 */
  refused(accepted: Accepted): void {
    if (this.table) this.table.metrics.listener(accepted.listener.name).noFilterChain++;
    this.options.accessLog(refusedConnectionRecord(logged(accepted, ''), this.now()));
  }

  private now(): { now: number; wallTime: number } {
    const { clock } = this.options;
    return { now: clock.now(), wallTime: clock.wallTime() };
  }
}

const nothing = Buffer.alloc(0);

function logged(accepted: Accepted, filterChain: string): LoggedConnection {
  return { ...accepted, serverName: accepted.detection.serverName, filterChain };
}

function connectionInfo(accepted: Accepted, protocol: ConnectionInfo['protocol']): ConnectionInfo {
  const { id, remoteAddress, remotePort, localAddress, localPort, originalDestination, detection, tls } = accepted;
  return { id, protocol, remoteAddress, remotePort, localAddress, localPort, originalDestination, serverName: detection.serverName, tls };
}
