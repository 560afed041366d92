// Records of what is no request: TCP connections, and requests that could not be read.
import type { Clock } from './core/clock.ts';
import { ExchangeRecord } from './core/exchange-record.ts';
import { addFlag, flagOf } from './core/response-flags.ts';
import type { Accepted } from './listeners.ts';
import type { ConnectionInfo, Refusal } from './stream.ts';
import type { TcpRecord } from './tcp/proxy.ts';

/** Of a connection when it is accepted; `chain`: empty where no filter chain takes it. */
export function connectionRecord(accepted: Accepted, chain: string, clock: Clock): ExchangeRecord {
  return begin({ ...accepted, serverName: accepted.detection.serverName }, chain, clock);
}

/** What the TCP proxy said last. */
export function fillTcp(record: ExchangeRecord, said: TcpRecord): void {
  record.cluster = said.cluster?.name ?? '';
  record.upstreamHost = said.host?.key ?? '';
  record.upstreamLocal = said.upstreamLocalAddress === '' ? '' : `${said.upstreamLocalAddress}:${said.upstreamLocalPort}`;
  record.upstreamFailure = said.transportFailure;
  record.bytesReceived = said.bytesReceived;
  record.bytesSent = said.bytesSent;
  record.flags = flagsOf(said.flags);
}

/** A request that the codec answered by itself. */
export function refusalRecord(connection: ConnectionInfo, refusal: Refusal, chain: string, clock: Clock): ExchangeRecord {
  const record = begin(connection, chain, clock);
  const { head } = refusal;
  record.completedAt = record.startedAt;
  record.status = refusal.status;
  record.flags = flagsOf(refusal.flags);
  record.details = refusal.details;
  record.bytesSent = refusal.bytesSent;
  record.method = head?.method ?? '';
  record.path = head?.path ?? '';
  record.pathEnd = record.path.length;
  record.authority = head?.authority ?? '';
  record.headers = head?.headers ?? [];
  record.protocol = head?.version ?? connection.protocol;
  return record;
}

type Ends = Pick<ConnectionInfo, 'id' | 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort' | 'serverName'>;

function begin(ends: Ends, chain: string, clock: Clock): ExchangeRecord {
  const record = new ExchangeRecord();
  record.connectionId = ends.id;
  record.startedAt = clock.now();
  record.startWall = clock.wallTime();
  record.remoteAddress = ends.remoteAddress;
  record.remotePort = ends.remotePort;
  record.peerAddress = ends.remoteAddress;
  record.peerPort = ends.remotePort;
  record.localAddress = ends.localAddress;
  record.localPort = ends.localPort;
  record.serverName = ends.serverName;
  record.filterChain = chain;
  return record;
}

/** Of a list of names, `UF,URX`; `-` is none. */
function flagsOf(names: string): number {
  let flags = 0;
  for (const name of names.split(',')) {
    const flag = flagOf(name);
    if (flag !== undefined) flags = addFlag(flags, flag);
  }
  return flags;
}
