// The request and its connection as a codec hands them to the proxy.
import type { FilterChain } from '../ir/listener.ts';
import type { ExchangeRecord } from '../proxy/core/exchange-record.ts';
import type { Headers } from '../proxy/core/headers.ts';
import type { DownstreamConnection, DownstreamHead } from '../proxy/core/request-head.ts';
import { type FoundEntry, serverNameOf } from './entry.ts';
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

export function connectionOf(request: SimulatedHttpRequest, { address, port }: FoundEntry, { tls }: FilterChain): DownstreamConnection {
  const base = { id: 1, remoteAddress: request.client ?? unknownClient, remotePort: unknownPort, localAddress: address ?? '', localPort: port };
  return tls ? { ...base, serverName: serverNameOf(request), tls: { version: 'TLSv1.3' } } : { ...base, serverName: '' };
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
