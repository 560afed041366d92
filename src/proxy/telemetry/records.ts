import { type ConnectionTls, recordTls } from '../core/connection-tls.ts';
import { ExchangeRecord } from '../core/exchange-record.ts';
import { addressText } from '../core/format-operators.ts';
import { addFlag, type FlagSet, flagOf, flags } from '../core/response-flags.ts';
import type { ConnectionInfo, Refusal } from '../stream.ts';
import type { TcpRecord } from '../tcp/proxy.ts';

/** What the log shows of the connection that a line is about. */
export interface LoggedConnection {
  id: number;
  remoteAddress: string;
  remotePort: number;
  localAddress: string;
  localPort: number;
  /** Of TLS; empty without. */
  serverName: string;
  filterChain: string;
  tls?: ConnectionTls | undefined;
}

/** What is known of a connection, as its log line and its policies see it. */
export function connectionRecord(connection: LoggedConnection): ExchangeRecord {
  const record = new ExchangeRecord();
  record.connectionId = connection.id;
  record.remoteAddress = record.peerAddress = connection.remoteAddress;
  record.remotePort = record.peerPort = connection.remotePort;
  record.localAddress = connection.localAddress;
  record.localPort = connection.localPort;
  record.serverName = connection.serverName;
  record.filterChain = connection.filterChain;
  if (connection.tls) recordTls(record, connection.tls);
  return record;
}

/** A connection that no filter chain takes (SEL-R75). */
export function refusedConnectionRecord(connection: LoggedConnection, now: { now: number; wallTime: number }): ExchangeRecord {
  const record = connectionRecord(connection);
  record.flags = addFlag(0, flags.noRouteFound);
  record.details = 'filter_chain_not_found';
  record.startWall = now.wallTime;
  record.startedAt = record.completedAt = now.now;
  return record;
}

/** A connection to be passed on, whose TLS handshake failed. @param reason as the reference writes it */
export function failedHandshakeRecord(connection: LoggedConnection, reason: string, now: { now: number; wallTime: number }): ExchangeRecord {
  const record = connectionRecord(connection);
  record.downstreamFailure = reason;
  record.startWall = now.wallTime;
  record.startedAt = record.completedAt = now.now;
  return record;
}

/**
 * A request that the codec answered because it could not be read (LR-R18, R19, R24).
 *
 * @param now monotonic and since 1970, milliseconds
 */
export function refusalRecord(connection: ConnectionInfo, filterChain: string, refusal: Refusal, now: { now: number; wallTime: number }): ExchangeRecord {
  const record = connectionRecord({ ...connection, filterChain });
  const { head } = refusal;
  record.method = head?.method ?? '';
  record.path = head?.path ?? '';
  record.pathEnd = record.path.length;
  record.authority = head?.authority ?? '';
  record.protocol = head?.version ?? connection.protocol;
  record.status = refusal.status;
  record.flags = flagSet(refusal.flags);
  record.details = refusal.details;
  record.bytesSent = refusal.bytesSent;
  record.startWall = now.wallTime;
  record.startedAt = record.completedAt = now.now;
  return record;
}

/** A TCP connection, also while it is open: `update` takes over what is known by now. */
export class TcpLogRecord {
  readonly record: ExchangeRecord;

  /** @param record of the connection */
  constructor(record: ExchangeRecord) {
    this.record = record;
  }

  update(tcp: TcpRecord): void {
    const { record } = this;
    record.flags = flagSet(tcp.flags);
    record.cluster = tcp.cluster?.name ?? '';
    record.upstreamHost = tcp.host?.key ?? '';
    record.upstreamLocal = addressText(tcp.upstreamLocalAddress, tcp.upstreamLocalPort);
    record.upstreamFailure = tcp.transportFailure;
    record.terminationDetails = tcp.terminationDetails;
    record.details = tcp.details;
    record.bytesReceived = tcp.bytesReceived;
    record.bytesSent = tcp.bytesSent;
    record.startWall = tcp.startTime;
    record.startedAt = 0;
    record.completedAt = tcp.durationMs;
  }
}

/** `UF,URX`; `-` and unknown names are nothing. */
export function flagSet(text: string): FlagSet {
  let set: FlagSet = 0;
  for (const name of text.split(',')) {
    const raised = flagOf(name);
    if (raised !== undefined) set = addFlag(set, raised);
  }
  return set;
}
