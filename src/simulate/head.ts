// The request and its connection as a codec hands them to the proxy.
import type { FilterChain } from '../ir/listener.ts';
import { type ConnectionTls, recordTls } from '../proxy/core/connection-tls.ts';
import { ExchangeRecord } from '../proxy/core/exchange-record.ts';
import type { Headers } from '../proxy/core/headers.ts';
import type { DownstreamConnection, DownstreamHead } from '../proxy/core/request-head.ts';
import type { UnknownPart } from './admission/admission.ts';
import type { FoundEntry } from './entry.ts';
import type { SimulatedHttpRequest, SimulatedRequest } from './request.ts';
import type { SeenRequest } from './simulation.ts';

/** Of the documentation range, where an address is not known. */
export const unknownProxy = '192.0.2.1';
const unknownClient = '192.0.2.2';
const unknownPort = 40_000;

export function headOf({ method, scheme, path, authority, headers = [], version = 'HTTP/1.1' }: SimulatedHttpRequest): DownstreamHead {
  const flat: Headers = headers.flatMap(([name, value]) => [name.toLowerCase(), trimmed(value)]);
  // SEL-R61: the authority of the absolute form beats Host.
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(path);
  const [, own, rest = ''] = absolute ?? [];
  const target = own === undefined ? path : rest.startsWith('/') ? rest : `/${rest}`;
  return { method, path: target, authority: own ?? authority, scheme: version === 'HTTP/2' ? scheme : undefined, headers: flat, version };
}

/** White space around a value is no part of it. */
function trimmed(value: string): string {
  return value.replace(/^[ \t]+|[ \t]+$/g, '');
}

export function connectionOf(request: SimulatedHttpRequest, { address, port, serverName, peer }: FoundEntry, { tls }: FilterChain): DownstreamConnection {
  const base = { id: 1, remoteAddress: request.client ?? unknownClient, remotePort: unknownPort, localAddress: address ?? '', localPort: port };
  return tls ? { ...base, serverName, tls: tlsOf(peer) } : { ...base, serverName: '' };
}

function tlsOf(peer: FoundEntry['peer']): ConnectionTls {
  if (peer === 'unknown' || peer.length === 0) return { version: 'TLSv1.3' };
  return { version: 'TLSv1.3', peerCertificate: { uriSans: peer, dnsSans: [], subject: '', hash: '' } };
}

/** A connection without HTTP, as policies see it. */
export function connectionRecord(request: SimulatedRequest, { address = '', port, serverName, peer }: FoundEntry, { tls }: FilterChain): ExchangeRecord {
  const record = new ExchangeRecord();
  record.peerAddress = request.client ?? unknownClient;
  record.remoteAddress = record.peerAddress;
  record.localAddress = address;
  record.localPort = port;
  record.serverName = serverName;
  if (tls) recordTls(record, tlsOf(peer));
  return record;
}

/** What nobody has told of a request. */
export function unknownOf(request: SimulatedRequest, { address, peer }: FoundEntry, record: ExchangeRecord): Set<UnknownPart> {
  return new Set<UnknownPart>([
    ...(peer === 'unknown' ? (['peer'] as const) : []),
    ...(request.client === undefined ? (['source-ip'] as const) : []),
    ...(record.remoteAddress === unknownClient ? (['remote-ip'] as const) : []),
    ...(address === undefined ? (['destination-ip'] as const) : []),
  ]);
}

/** As the proxy sees it. */
export function seenRequest(request: SimulatedHttpRequest, { port, address }: FoundEntry, record: ExchangeRecord): SeenRequest {
  return {
    ...plainHttp(request),
    scheme: record.scheme,
    authority: record.authority,
    path: record.path,
    port,
    ...(address === undefined ? {} : { address }),
    grpc: record.isGrpc,
  };
}

/** As it was asked for: no proxy looked into it. */
export function plainRequest(request: SimulatedRequest, { port, address }: FoundEntry): SeenRequest {
  const place = { port, ...(address === undefined ? {} : { address }) };
  if (request.kind !== 'tcp') return { ...plainHttp(request), ...place };
  const { host, tls } = request;
  const serverName = tls && (tls.serverName ?? host);
  return { kind: 'tcp', ...(host === undefined ? {} : { host }), ...place, ...(serverName ? { serverName } : {}) };
}

function plainHttp({
  method,
  scheme,
  authority = '',
  path,
  headers = [],
  version = 'HTTP/1.1',
}: SimulatedHttpRequest): Omit<SeenRequest & { kind: 'http' }, 'port'> {
  const pairs = headers.map(([name, value]): [string, string] => [name.toLowerCase(), trimmed(value)]);
  return { kind: 'http', method, scheme, authority, path, headers: pairs, grpc: false, version };
}
